/** zlib's CRC-32 where Node has it (from 20.15 on), else ours. */
import * as zlib from 'node:zlib';
import { plainCrc32, type Crc32 } from '../profile/lineChecksum.ts';

const native = (zlib as { crc32?: Crc32 }).crc32;

export const crc32: Crc32 = native === undefined ? plainCrc32 : (text, before) => native(text, before);
