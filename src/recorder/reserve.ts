/**
 * Room on the disk that a recorder holds from its start on, for the end of a recording on a disk that stays full: a file beside
 * the recording, whose blocks are its own. At the end it is written over in place, so that nobody takes the room meanwhile, and
 * becomes the recording's last part. One that a killed recorder left is removed by the next that begins in that folder.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Bytes } from '../profile/units.ts';
import { isAlive } from '../profiler/processes.ts';
import { parseObject } from '../proxy/json.ts';

/** About a thousand calls without their texts. */
export const RESERVE_BYTES: Bytes = 1024 * 1024;
const ENDING = '.reserve';
/** A longer first line is none of ours. */
const LONGEST_OWNER: Bytes = 1024;

const ownerSchema = z.object({ format: z.literal('agent-cost/reserve'), pid: z.int(), host: z.string() });

export function reservePath(recording: string): string {
  return `${recording}${ENDING}`;
}

export class Reserve {
  readonly bytes: Bytes;
  private readonly path: string;
  private handle: FileHandle | null;

  private constructor(path: string, handle: FileHandle, bytes: Bytes) {
    this.path = path;
    this.handle = handle;
    this.bytes = bytes;
  }

  /** Takes room beside a recording; null where there is not that much, or a file of that name. */
  static async take(recording: string, bytes: Bytes = RESERVE_BYTES): Promise<Reserve | null> {
    const path = reservePath(recording);
    let handle: FileHandle;
    try {
      handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0), 0o600);
    } catch {
      // Something else is there, or nothing can be made: recordings do without.
      return null;
    }
    const owner = Buffer.from(`${JSON.stringify({ format: 'agent-cost/reserve', pid: process.pid, host: hostname() })}\n`);
    // By chance, as file systems that compress keep no room for zeros.
    const filling = Buffer.concat([owner, randomBytes(bytes - owner.length)]);
    const reserve = new Reserve(path, handle, bytes);
    try {
      await writeAll(handle, filling);
    } catch {
      // The last of a disk is left to the program.
      await reserve.release();
      return null;
    }
    return reserve;
  }

  /**
   * Makes it a file of this contents and name, in place of what has that name.
   * @param contents not longer than `bytes`
   * @throws NodeJS.ErrnoException; then it is gone
   */
  async become(path: string, contents: Buffer): Promise<void> {
    const { handle } = this;
    if (handle === null) throw new Error('the reserve is used up');
    try {
      try {
        await writeAll(handle, contents);
      } catch {
        // A file system that writes anew what is written over (btrfs, ZFS): what this gives back may be there to be taken.
        await handle.truncate(0);
        await writeAll(handle, contents);
      }
      await handle.truncate(contents.length);
      await this.close();
      await rename(this.path, path);
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  /** Gives the room back. */
  async release(): Promise<void> {
    await this.close();
    await unlink(this.path).catch(() => {
      // Gone already.
    });
  }

  private async close(): Promise<void> {
    await this.handle?.close().catch(() => {
      // Closing a file on a failing disk may fail, too.
    });
    this.handle = null;
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at, at)).bytesWritten;
}

/** Removes from a recording's folder what recorders of this machine left that are no longer there. */
export async function sweepReserves(recording: string): Promise<void> {
  const folder = dirname(recording);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.endsWith(ENDING))) {
    const path = join(folder, name);
    const owner = await ownerOf(path);
    if (owner === null || owner.host !== hostname() || isAlive(owner.pid)) continue;
    await unlink(path).catch(() => {
      // Another one swept it, or it is not ours to remove.
    });
  }
}

async function ownerOf(path: string): Promise<z.infer<typeof ownerSchema> | null> {
  try {
    if (!(await lstat(path)).isFile()) return null;
    const handle = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_OWNER), 0, LONGEST_OWNER, 0);
      return ownerSchema.safeParse(parseObject(buffer.toString('utf8', 0, bytesRead).split('\n', 1)[0]!)).data ?? null;
    } finally {
      await handle.close();
    }
  } catch {
    // Gone meanwhile, or not to be read: not ours.
    return null;
  }
}
