import { expect, it } from 'vitest';
import { maskSecrets } from '../../src/profiler/maskSecrets.ts';

it('keeps an ordinary command as it is', () => {
  const command = ['python', 'agent.py', '--model', 'llama', '--n', '3', '--base-url', 'http://localhost:8000/v1'];
  expect(maskSecrets(command)).toEqual(command);
});

it.each([
  [['a', '--api-key', 'hunter2hunter2'], ['a', '--api-key', '…']],
  [['a', '--token=hunter2hunter2'], ['a', '--token=…']],
  [['env', 'OPENAI_API_KEY=hunter2', 'python', 'a.py'], ['env', 'OPENAI_API_KEY=…', 'python', 'a.py']],
  [['a', '-x', 'sk-proj-abcdefghijkl'], ['a', '-x', 'sk-…']],
  [['a', 'postgres://me:hunter2@host/db'], ['a', 'postgres://me:…@host/db']],
  [['sh', '-c', 'N=1; curl -H "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9"'], ['sh', '-c', 'N=1; curl -H "Authorization: Bearer eyJ…"']],
  [['a', '--use-auth', '--verbose'], ['a', '--use-auth', '--verbose']],
])('masks %j', (command, masked) => expect(maskSecrets(command)).toEqual(masked));
