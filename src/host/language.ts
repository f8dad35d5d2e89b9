/** The language of the editor's user. Imported before anything that makes texts: it has them spoken. */
import { env, l10n } from 'vscode';
import { speak, type Language } from '../profile/language.ts';

/** Without a translation texts are English, and numbers still the user's. */
export const userLanguage: Language = { locale: env.language, textsLocale: l10n.bundle === undefined ? 'en' : env.language, texts: l10n.bundle ?? null };

speak(userLanguage);
