/** What a program spends its own time on, in words for people. */
import type { Activity } from './recordingFormat.ts';

const WORDS: Record<Activity | 'unknown', string> = {
  cpu: 'computing',
  sleep: 'sleeping',
  backoff: 'backing off before a retry',
  lock: 'waiting for another thread or task',
  socket: 'waiting for the network',
  file: 'reading and writing files',
  process: 'waiting for another program',
  input: 'waiting for input',
  unknown: 'not seen',
};
const SHORT: Record<Activity | 'unknown', string> = {
  cpu: 'computing',
  sleep: 'sleep',
  backoff: 'back-off',
  lock: 'lock',
  socket: 'network',
  file: 'files',
  process: 'other program',
  input: 'input',
  unknown: 'not seen',
};

/** `waiting for the network`. */
export function activityText(activity: Activity): string {
  return WORDS[activity];
}

/** `network`: for tables. */
export function activityWord(activity: Activity | 'unknown'): string {
  return SHORT[activity];
}
