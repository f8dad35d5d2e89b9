/** Worked examples for the agents' prompts, of our own making. */
import type { Example, ToolCall } from '../../agents/agent.ts';

const search = (query: string): ToolCall => ({ tool: 'search', arguments: { query } });
const lookup = (title: string, keyword?: string): ToolCall => ({ tool: 'lookup', arguments: keyword === undefined ? { title } : { title, keyword } });
const step = (thought: string, call: ToolCall, observation: string) => ({ thought, actions: [{ call, observation }] });

export const EXAMPLES: readonly Example[] = [
  {
    question: 'The author of the novel Frankenstein was married to a poet who drowned near which Italian town?',
    reasoning: 'Frankenstein is by Mary Shelley, whose husband was the poet Percy Bysshe Shelley. He drowned in 1822 when his boat sank off the coast of Tuscany, and his body washed ashore near Viareggio.',
    steps: [
      step(
        'The novel Frankenstein is by Mary Shelley, and her husband was the poet Percy Bysshe Shelley. I need the place where he drowned, so I look up his article and ask for the sentences about drowning.',
        lookup('Percy Bysshe Shelley', 'drowned'),
        'Percy Bysshe Shelley was an English Romantic poet. In July 1822 his boat sank in a storm and he drowned, and his body washed ashore near Viareggio.',
      ),
    ],
    conclusion: 'The article says that Percy Bysshe Shelley drowned when his boat sank in 1822 and that his body washed ashore near Viareggio, which is a town in Tuscany.',
    plan: [search('author of the novel Frankenstein husband poet'), lookup('Percy Bysshe Shelley', 'drowned')],
    answer: 'Viareggio',
  },
  {
    question: 'What is the official language of the country where the physicist Ernest Walton was born?',
    reasoning: 'Ernest Walton, who shared the Nobel Prize in Physics in 1951, was born in Ireland. Irish is the first official language of Ireland, before English.',
    steps: [
      step(
        'I need the country in which Ernest Walton was born, and then its official language. I search for the physicist first.',
        search('Ernest Walton physicist born'),
        'Ernest Walton: Ernest Walton was a physicist from Ireland who shared the Nobel Prize in Physics in 1951. Cockcroft-Walton generator: A circuit that makes a high voltage.',
      ),
      step(
        'Ernest Walton was from Ireland. I look up that country and ask for its official languages.',
        lookup('Ireland', 'official'),
        'Ireland is an island in the North Atlantic. In the republic, Irish is the first official language and English the second.',
      ),
    ],
    conclusion: 'Walton was born in Ireland, where Irish is the first official language.',
    plan: [search('Ernest Walton physicist born'), lookup('Ireland', 'official')],
    answer: 'Irish',
  },
  {
    question: 'Are the rivers Elbe and Loire both longer than 1,000 kilometres?',
    reasoning: 'The Elbe is about 1,094 kilometres long, and the Loire about 1,006 kilometres. Both numbers are above 1,000.',
    steps: [
      step('I need the lengths of two rivers. I begin with the Elbe.', lookup('Elbe', 'kilometres'), 'The Elbe is a river of Central Europe. It is about 1,094 kilometres long.'),
      step('The Elbe is longer than 1,000 kilometres. Now the Loire.', lookup('Loire', 'kilometres'), 'The Loire is the longest river in France. Its length is 1,006 kilometres.'),
    ],
    conclusion: 'The Elbe has 1,094 and the Loire 1,006 kilometres, so both are longer than 1,000 kilometres.',
    plan: [lookup('Elbe', 'kilometres'), lookup('Loire', 'kilometres')],
    answer: 'yes',
  },
  {
    question: 'Who was born first, the composer of The Magic Flute or the composer of Fidelio?',
    reasoning: 'The Magic Flute is by Wolfgang Amadeus Mozart, born in 1756. Fidelio is by Ludwig van Beethoven, born in 1770. 1756 comes first.',
    steps: [
      step(
        'The Magic Flute is by Mozart and Fidelio by Beethoven. I check when Mozart was born.',
        lookup('Wolfgang Amadeus Mozart', 'born'),
        'Wolfgang Amadeus Mozart was a composer of the Classical period. He was born in Salzburg on 27 January 1756.',
      ),
      step(
        'Mozart was born in 1756. Now Beethoven.',
        lookup('Ludwig van Beethoven', 'born'),
        'Ludwig van Beethoven was a German composer and pianist. He was born in Bonn and baptised there on 17 December 1770.',
      ),
    ],
    conclusion: 'Mozart was born in 1756 and Beethoven in 1770, so the composer of The Magic Flute was born first.',
    plan: [lookup('Wolfgang Amadeus Mozart', 'born'), lookup('Ludwig van Beethoven', 'born')],
    answer: 'Wolfgang Amadeus Mozart',
  },
  {
    question: 'On which river lies the city in which the Guggenheim Museum by Frank Gehry stands?',
    reasoning: 'Frank Gehry built the Guggenheim Museum in Bilbao, in the Basque Country. Bilbao lies on the river Nervión.',
    steps: [
      step(
        'I need the city of that museum, then its river. I search for the museum.',
        search('Guggenheim Museum Frank Gehry'),
        'Guggenheim Museum Bilbao: A museum of modern art in Bilbao, Spain, designed by Frank Gehry and opened in 1997.',
      ),
      step('The museum stands in Bilbao. I ask the article on the city for its river.', lookup('Bilbao', 'river'), 'Bilbao is a city in the Basque Country of Spain. It lies on both banks of the river Nervión, near the Bay of Biscay.'),
    ],
    conclusion: 'The museum stands in Bilbao, which lies on the river Nervión.',
    plan: [search('Guggenheim Museum Frank Gehry'), lookup('Bilbao', 'river')],
    answer: 'Nervión',
  },
  {
    question: 'In which year did the ship on which Charles Darwin sailed round the world leave on that voyage?',
    reasoning: 'Charles Darwin sailed round the world on HMS Beagle. Its second voyage, with Darwin on board, began in December 1831.',
    steps: [
      step(
        'I need the ship first, then the year of its departure. I search for both.',
        search('ship of Charles Darwin voyage round the world'),
        'HMS Beagle: A ship of the Royal Navy, known for the voyage with the naturalist Charles Darwin. Charles Darwin: An English naturalist.',
      ),
      step('The ship is HMS Beagle. I look for the sentences on the voyage with Darwin.', lookup('HMS Beagle', 'Darwin'), 'HMS Beagle was a brig-sloop of the Royal Navy. On her second voyage, which began on 27 December 1831, Charles Darwin was on board.'),
    ],
    conclusion: 'HMS Beagle left with Darwin on board on 27 December 1831.',
    plan: [search('ship of Charles Darwin voyage round the world'), lookup('HMS Beagle', 'Darwin')],
    answer: '1831',
  },
];
