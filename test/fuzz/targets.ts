/**
 * What reads bytes that strangers send. Each target takes any bytes at all; it throws only where a promise is broken: a reader
 * throws anything but its own error, says something else when the same bytes come in other pieces, or lets pass what it must not.
 */
import { http } from './targets/http.ts';
import { intake } from './targets/intake.ts';
import { recordings } from './targets/recordings.ts';
import { streams } from './targets/streams.ts';

export type Target = (bytes: Buffer) => void;

export const targets: Readonly<Record<string, Target>> = { ...http, ...streams, ...intake, ...recordings };
