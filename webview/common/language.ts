/** What the page speaks: the language that the editor has put into it, or English. Imported before anything that makes texts. */
import { speak, type Language } from '../../src/profile/language.ts';

const said = document.getElementById('language')?.textContent;
if (said) speak(JSON.parse(said) as Language);
