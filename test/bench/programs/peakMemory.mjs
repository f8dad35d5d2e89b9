// Tells at a program's end the most memory that it had resident, in bytes, in the file that PEAK_MEMORY_FILE names.
import { writeFileSync } from 'node:fs';

process.once('exit', () => writeFileSync(process.env.PEAK_MEMORY_FILE, String(process.resourceUsage().maxRSS * 1024)));
