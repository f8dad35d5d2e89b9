/** Runs the small encyclopedia alone: `node src/benchmarks/hotpotqa/wikiServerMain.ts [PORT]`. */
import { startWikiServer } from './wikiServer.ts';

const server = await startWikiServer({ port: Number(process.argv[2] ?? 0) });
console.log(`WIKI_API_URL=${server.url}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
