/** Installs what the core set needs, before the tests and in its own time. What fails here is said by the test that needs it. */
import { environmentOf } from './environments.ts';
import { frameworks } from './frameworks.ts';

for (const framework of frameworks.filter(({ core }) => core === true)) {
  try {
    await environmentOf(framework, false);
  } catch (error) {
    process.stderr.write(`${framework.title} could not be installed: ${(error as Error).message}\n`);
  }
}
