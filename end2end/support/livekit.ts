// A LiveKit server of one test's own: the real one, which `scripts/setup --tests` builds where Go is there.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { free, newFolder } from './server.ts';

const program = resolve(import.meta.dirname, '../../.tools/livekit/livekit-server');

/** Whether it was built. */
export const livekitIsThere = existsSync(program);
// Said once, and not by each worker.
if (!livekitIsThere && process.env.TEST_WORKER_INDEX === undefined) {
  console.log('not run: meetings over LiveKit; scripts/setup --tests builds its server where Go is there');
}

const SECRET = 'north-north-north-north-north-north';

export class LiveKit {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    /** For the server that it is to carry media for. */
    readonly settings: Record<string, string>,
  ) {}

  static async start(): Promise<LiveKit> {
    const [port, tcp, udp, samtal] = [await free(), await free(), await free(), await free()];
    const config = {
      port,
      bind_addresses: ['127.0.0.1'],
      rtc: { tcp_port: tcp, udp_port: udp, node_ip: '127.0.0.1', use_external_ip: false, enable_loopback_candidate: true },
      keys: { devkey: SECRET },
      webhook: { api_key: 'devkey', urls: [`http://127.0.0.1:${samtal}/webhooks/livekit`] },
    };
    // JSON is YAML as well.
    const child = spawn(program, ['--config-body', JSON.stringify(config)], { stdio: 'ignore' });
    const folder = newFolder();
    const secret = join(folder, 'livekit.secret');
    writeFileSync(secret, `${SECRET}\n`, { mode: 0o600 });
    const livekit = new LiveKit(child, folder, {
      SAMTAL_LISTEN: `127.0.0.1:${samtal}`,
      SAMTAL__MEDIA__LIVEKIT__URL: `ws://127.0.0.1:${port}`,
      SAMTAL__MEDIA__LIVEKIT__KEY: 'devkey',
      SAMTAL__MEDIA__LIVEKIT__SECRET_FILE: secret,
    });
    for (let turn = 0; ; turn++) {
      const there = await fetch(`http://127.0.0.1:${port}/`).then(({ ok }) => ok, () => false);
      if (there) return livekit;
      if (turn > 400 || child.exitCode !== null) {
        await livekit.stop();
        throw new Error(`${program} does not start`);
      }
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = new Promise((end) => this.child.once('close', end));
      this.child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
