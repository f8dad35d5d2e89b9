/** The network between profiler and model server is cut. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosCase } from '../case.ts';
import { enterNamespaces, namespacesMissing, runInside } from '../namespaces.ts';
import { now } from '../processes.ts';
import { finish, momentText, setStage } from '../story.ts';

const OURS = '10.99.0.1';
const SERVERS = '10.99.0.2';
/** Becomes its arguments once its end of the cable is there. */
const BEHIND_CABLE = `ip link set lo up; until ip link show v1 >/dev/null 2>&1; do sleep 0.02; done; ip address add ${SERVERS}/24 dev v1; ip link set v1 up; exec "$@"`;

const networkCut: ChaosCase = {
  name: 'network-cut',
  title: 'the link to the model server is down for a while: what it answers arrives afterwards, what cannot be sent fails and is recorded so',
  missing: namespacesMissing,
  async round(world, random, _round, options) {
    await enterNamespaces(world, 'ip link add v0 type veth peer name v1');
    const stage = await setStage(world, random, options, {
      calls: 12,
      before: 0.5,
      upstream: {
        host: SERVERS,
        through: ['unshare', '-n', 'sh', '-c', BEHIND_CABLE, 'sh'],
        onStarted: (pid) => runInside(world, `until [ "$(readlink /proc/${pid}/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done; ip link set v1 netns ${pid}; ip address add ${OURS}/24 dev v0; ip link set v0 up`),
      },
    });
    await stage.atMoment();
    const cutMs = random.int(100, 1500);
    const from = now();
    runInside(world, 'ip link set v0 down');
    await sleep(cutMs);
    runInside(world, 'ip link set v0 up');
    const back = now();
    const isAnswered = (id: string) => world.upstreamNotes().some((note) => note.e === 'out' && note.id === id);
    const found = await finish(stage, { excuse: ({ id, began, ended }) => began < back && (ended ?? Infinity) >= from && !isAnswered(id) });
    return { told: `${momentText(stage.moment)}, down for ${cutMs} ms`, ...found };
  },
};

export const network = [networkCut];
