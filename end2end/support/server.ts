// A Samtal of one's own: the real binary, a fresh data folder, a free port, its own PostgreSQL.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const project = resolve(import.meta.dirname, '../..');
const binary = resolve(project, process.env.SAMTAL_BINARY ?? 'target/release/samtal');

/** How a program ended. */
export type Ended = { code: number | null; signal: NodeJS.Signals | null };

/** A run of `samtal`, with everything that it says. */
export class Samtal {
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  exit: Ended | undefined;
  protected readonly child: ChildProcess;

  constructor(args: string[], settings: Record<string, string>) {
    // Settings of whoever runs the tests must not reach the server; it refuses those that it does not know.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => name === 'SAMTAL_VENDOR_DIR' || !(name.startsWith('SAMTAL') || name === 'DATABASE_URL')),
    );
    // All tests come from one address.
    const one = {
      SAMTAL__SIGN_IN__SIGN_UPS: '10000',
      SAMTAL__SERVER__SOCKETS__MESSAGES_PER_ADDRESS: '10000',
      // Several servers run beside each other.
      SAMTAL__MEDIA__LISTEN: '127.0.0.1:0',
    };
    // In a folder without a samtal.toml.
    this.child = spawn(binary, args, { cwd: tmpdir(), env: { ...env, ...one, NO_COLOR: '1', ...settings } });
    this.child.stdout!.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.ended = new Promise((settle, fail) => {
      this.child.once('error', () => fail(new Error(`${binary} does not start: build it first, or set SAMTAL_BINARY`)));
      this.child.once('close', (code, signal) => settle((this.exit = { code, signal })));
    });
    this.ended.catch(() => undefined);
  }

  /** The lines on standard error that are for a person, without those of the log. */
  get sentences(): string[] {
    return this.stderr.split('\n').filter((line) => line !== '' && !/^\d{4}-\d\d-\d\dT\S+ /.test(line));
  }
}

/** A new folder that another system user may enter, too. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'samtal-end2end-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** A port that nobody has just now. */
export async function free(): Promise<number> {
  const taken = createServer();
  await new Promise<void>((listens) => taken.listen(0, '127.0.0.1', listens));
  const { port } = taken.address() as { port: number };
  await new Promise((closed) => taken.close(closed));
  return port;
}

/** A running server. */
export class Server extends Samtal {
  url = '';

  private constructor(
    readonly folder: string,
    settings: Record<string, string>,
  ) {
    super(['serve'], { SAMTAL_LISTEN: '127.0.0.1:0', SAMTAL_DATA_DIR: join(folder, 'data'), ...settings });
  }

  /** Starts a server and waits until it is ready. */
  static async start(settings: Record<string, string> = {}): Promise<Server> {
    const server = new Server(newFolder(), settings);
    try {
      await server.ready();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  private async ready(): Promise<void> {
    const alive = () => {
      if (this.exit) throw new Error(`the server ended with ${JSON.stringify(this.exit)}:\n${this.stderr}`);
    };
    for (;;) {
      const address = /^Samtal is at (http:\/\/\S+)$/m.exec(this.stdout);
      if (address) {
        this.url = address[1]!;
        break;
      }
      alive();
      await Promise.race([sleep(50), this.ended]);
    }
    while ((await this.status('/readyz')) !== 200) {
      alive();
      await sleep(50);
    }
  }

  /** The status of an address; 0 when there is no answer. */
  async status(path: string): Promise<number> {
    try {
      return (await fetch(this.url + path, { redirect: 'manual' })).status;
    } catch {
      return 0;
    }
  }

  get pid(): number {
    return this.child.pid!;
  }

  get dataFolder(): string {
    return join(this.folder, 'data');
  }

  /** Started as root, the server says where its data has moved, if it had to. */
  private get moved(): string | undefined {
    return / folder=(\/var\/lib\/samtal\/[0-9a-f]{16}\/data)\b/.exec(this.stderr)?.[1];
  }

  /** Runs SQL as the superuser of its database, for what no page does yet. Gives what comes of it. */
  sql(text: string): string {
    const data = this.moved ?? this.dataFolder;
    const [pid, , , , sockets] = readFileSync(join(data, 'postgres/postmaster.pid'), 'utf8').split('\n');
    const { postgres } = JSON.parse(readFileSync(join(data, 'postgres.json'), 'utf8'));
    const psql = join(dirname(readlinkSync(`/proc/${pid}/exe`)), 'psql');
    const env = { ...process.env, PGHOST: sockets, PGPORT: '5432', PGUSER: 'postgres', PGPASSWORD: postgres, PGDATABASE: 'samtal' };
    return execFileSync(psql, ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', text], { env, encoding: 'utf8' }).trim();
  }

  /** The process of this server's PostgreSQL, by the file that it keeps; undefined while there is none. */
  postmaster(): number | undefined {
    try {
      const pid = Number.parseInt(readFileSync(join(this.moved ?? this.dataFolder, 'postgres/postmaster.pid'), 'utf8'), 10);
      return pid > 1 ? pid : undefined;
    } catch {
      // There is none, or it goes just now.
      return undefined;
    }
  }

  /** Asks the server to end; it has to do so cleanly. */
  async stop(): Promise<Ended> {
    if (!this.exit) this.child.kill('SIGTERM');
    const ended = await this.ended;
    // Killed, it has left its PostgreSQL behind.
    const left = this.postmaster();
    if (left) {
      try {
        process.kill(left, 'SIGQUIT');
      } catch {
        // Gone already.
      }
    }
    for (const folder of [this.folder, ...(this.moved ? [dirname(this.moved)] : [])]) {
      rmSync(folder, { recursive: true, force: true });
    }
    return ended;
  }

  /** Asks the server to end, without waiting. */
  terminate(): void {
    this.child.kill('SIGTERM');
  }
}

/** Runs a command of `samtal` to its end. */
export async function run(args: string[], settings: Record<string, string>): Promise<Samtal & { exit: Ended }> {
  const samtal = new Samtal(args, settings);
  await samtal.ended;
  return samtal as Samtal & { exit: Ended };
}

