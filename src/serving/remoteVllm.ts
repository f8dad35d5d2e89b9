/**
 * What is typed to start a vLLM on another host by ssh. Pure.
 *
 * The script there runs for as long as its server. It tells when it is there, waits for the word to go on, and ends the server, in a
 * group of its own with its workers, when it is told to, when ssh closes its input, or when nothing has come over the link for a minute.
 */
import { SSH_QUIETLY, posixWord, shellThere } from '../protocol/ssh.ts';
import type { Milliseconds } from '../profile/units.ts';
import { dockerCommand, programCommand, type VllmChoice } from './vllmCommand.ts';

/** The script's first line, which is not of the server's log. */
export const CONNECTED_LINE = 'agent-cost: connected';
/** Words to the script, each a line. Any other line says that the link lives. */
export const WORDS = { go: 'go', stop: 'stop', kill: 'kill', alive: 'alive' } as const;
export const ALIVE_EVERY_MS: Milliseconds = 10_000;
/** The link is taken for dead without a line for so long: `DEAD_AFTER` × `LOOK_S`. */
const LOOK_S = 10;
const DEAD_AFTER = 6;
/** It frees the GPU and ends its workers; measured on a CPU, 2 to 3 s. */
const STOP_PATIENCE_S = 20;

/** Ports there to choose from: below those that Linux hands out by itself (32768 on), above those with a name. */
export const REMOTE_PORTS = { from: 20_000, to: 32_767 } as const;

export interface RemoteChoice extends VllmChoice {
  /** `docker`, or the `vllm` there by name or path; null: `vllm` where there is one, else Docker. `~/` is the home there. */
  program: string | null;
  /** Of the container, if it is Docker: nobody else's. */
  container: string;
}

/** A connection of its own, whose end is the server's: not one that is shared with others (`ControlMaster`). */
export function sshCommand(ssh: string, host: string, ports: { here: number; there: number }, script: string): string[] {
  const options = ['ExitOnForwardFailure=yes', 'ControlMaster=no', 'ControlPath=none', 'ServerAliveInterval=15', 'ServerAliveCountMax=3', 'LogLevel=ERROR'];
  return [ssh, ...SSH_QUIETLY, ...options.flatMap((option) => ['-o', option]), '-L', `127.0.0.1:${ports.here}:127.0.0.1:${ports.there}`, '--', host, shellThere(script)];
}

/** In one line, as some login shells take no more. `choice.port` is the one there. */
export function remoteScript(choice: RemoteChoice, without: readonly string[]): string {
  const { program } = choice;
  const own = program === null || program === 'docker' ? 'vllm' : program;
  const asProgram = `set -- ${words(programCommand(own, choice, without))}; clean() { :; }`;
  // The token for the hub is named: where it is not set there, Docker leaves it out.
  const asDocker = `set -- ${words(dockerCommand('docker', choice, without, { home: '~', hasHubToken: true, container: choice.container }))}; clean() { docker rm -f ${word(choice.container)} >/dev/null 2>&1; }`;
  const missing = (message: string) => `echo ${posixWord(message)}; exit 127`;
  const has = (name: string) => `command -v ${word(name)} >/dev/null 2>&1`;
  const choose =
    program === null
      ? `if ${has('vllm')}; then ${asProgram}; elif ${has('docker')}; then ${asDocker}; else ${missing('There is neither vllm nor docker on the path there. Name the vllm of a virtual environment by its path, such as ~/venv/bin/vllm.')}; fi`
      : program === 'docker'
        ? `if ${has('docker')}; then ${asDocker}; else ${missing('There is no docker on the path there.')}; fi`
        : `if ${has(own)}; then ${asProgram}; else ${missing(`There is no program ${own} there.`)}; fi`;
  return [
    'exec 3<&0',
    `echo ${posixWord(CONNECTED_LINE)}`,
    'read -r go <&3 || exit 0',
    `if [ "$go" = ${WORDS.go} ]; then :; else exit 0; fi`,
    choose,
    `if ${has('setsid')}; then :; else ${missing('There is no setsid (util-linux) there.')}; fi`,
    'setsid "$@" </dev/null 3<&- & server=$!',
    // In this form dash takes a group, too.
    'all() { kill -s KILL -- -"$server" 2>/dev/null; }',
    `finish() { kill -TERM "$server" 2>/dev/null; n=0; while [ $n -lt ${STOP_PATIENCE_S} ] && kill -0 "$server" 2>/dev/null; do sleep 1; n=$((n+1)); done; all; clean; }`,
    // A heartbeat sets its count back.
    `( n=0; trap 'n=0' USR1; while [ $n -lt ${DEAD_AFTER} ]; do sleep ${LOOK_S} & wait $!; n=$((n+1)); done; finish ) </dev/null >/dev/null 2>&1 3<&- & watch=$!`,
    `( while read -r line; do case $line in ${WORDS.stop}) break;; ${WORDS.kill}) all; break;; *) kill -USR1 "$watch" 2>/dev/null;; esac; done; finish ) <&3 >/dev/null 2>&1 & reader=$!`,
    'trap finish HUP INT TERM',
    'while :; do wait "$server"; code=$?; kill -0 "$server" 2>/dev/null || break; done',
    'kill -KILL "$watch" "$reader" 2>/dev/null',
    'all',
    'clean',
    'exit "$code"',
  ].join('; ').replaceAll('&; ', '& ');
}

function words(argv: readonly string[]): string {
  return argv.map(word).join(' ');
}

/** A path in the home there is the home's there. */
function word(text: string): string {
  return text.startsWith('~/') ? `"$HOME"/${posixWord(text.slice(2))}` : posixWord(text);
}
