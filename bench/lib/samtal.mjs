// A Samtal of the race's own: the real binary with its own PostgreSQL, in a folder of its own, pinned to one core.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { project } from './machine.mjs';

export const binary = resolve(project, process.env.SAMTAL_BINARY ?? 'target/release/samtal');

/** What everybody in a race signs in with. */
const PASSWORD = 'four lamps and a race';

/** Settings for a race whose load is more than one tenant or address may ask for. */
export const WITHOUT_QUOTA = Object.fromEntries(
  ['API__KEY_BURST', 'API__KEY_PER_MINUTE', 'API__TENANT_BURST', 'API__TENANT_PER_MINUTE', 'SERVER__SOCKETS__MESSAGES_PER_ADDRESS'].map(
    (name) => [`SAMTAL__${name}`, '1000000000'],
  ),
);

/** A program on one core, its output in files that can be emptied. */
export class Program {
  constructor(core, command, args, env, folder, name) {
    this.out = join(folder, `${name}.out`);
    this.err = join(folder, `${name}.err`);
    this.logs = [this.out, this.err];
    // taskset becomes the program: the number of the process is the program's.
    this.child = spawn('taskset', ['-c', core, command, ...args], {
      cwd: tmpdir(),
      env,
      stdio: ['ignore', openSync(this.out, 'a'), openSync(this.err, 'a')],
    });
    this.ended = new Promise((settle) => {
      this.child.once('error', settle);
      this.child.once('close', () => settle(new Error(`${name} ended:\n${readFileSync(this.err, 'utf8').slice(-2000)}`)));
    });
    this.ended.then((why) => (this.over = why));
  }

  get pid() {
    return this.child.pid;
  }

  /** What a pattern finds on standard output, once it is there. */
  async says(pattern) {
    for (;;) {
      if (this.over) throw this.over;
      const found = pattern.exec(readFileSync(this.out, 'utf8'));
      if (found) return found[1];
      await sleep(50);
    }
  }

  /** The last lines of the log that are no mere notes, but for those that hold one of these words. */
  complaints(...but) {
    const told = (line) => / (WARN|ERROR) /.test(line) && !but.some((word) => line.includes(word));
    return readFileSync(this.err, 'utf8').split('\n').filter(told).slice(-3);
  }

  /** Logs would fill the disk. */
  emptyLogs() {
    for (const file of this.logs) truncateSync(file);
  }

  async stop() {
    if (!this.over) this.child.kill('SIGTERM');
    await this.ended;
  }
}

/** Settings of whoever runs the race must not reach the server. */
function environment(data) {
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith('SAMTAL') && name !== 'DATABASE_URL');
  return { ...Object.fromEntries(env), NO_COLOR: '1', SAMTAL_LISTEN: '127.0.0.1:0', SAMTAL_DATA_DIR: data };
}

export class Samtal {
  /** Starts a server, with these settings, that makes its database, and waits until it is ready. */
  static async start(core, settings = {}) {
    if (!existsSync(binary)) throw new Error(`${binary} is not there: build it first, or set SAMTAL_BINARY.`);
    const samtal = new Samtal();
    samtal.folder = mkdtempSync(join(tmpdir(), 'samtal-bench-'));
    // Started as root, the server becomes the user `samtal`, who has to get in.
    chmodSync(samtal.folder, 0o755);
    samtal.data = join(samtal.folder, 'data');
    samtal.env = { ...environment(samtal.data), ...settings };
    samtal.core = core;
    samtal.program = new Program(core, binary, ['serve'], samtal.env, samtal.folder, 'samtal');
    try {
      samtal.url = await samtal.program.says(/^Samtal is at (http:\/\/\S+)$/m);
      while ((await fetch(`${samtal.url}/readyz`)).status !== 200) await sleep(50);
    } catch (error) {
      await samtal.stop();
      throw error;
    }
    // Or where the data has moved, when that user cannot enter the folder.
    const moved = / folder=(\/var\/lib\/samtal\/[0-9a-f]{16}\/data)\b/.exec(readFileSync(samtal.program.err, 'utf8'))?.[1];
    if (moved) samtal.moved = samtal.data = moved;
    const lines = readFileSync(join(samtal.data, 'postgres/postmaster.pid'), 'utf8').split('\n');
    samtal.postmaster = Number(lines[0]);
    samtal.sockets = lines[4];
    samtal.passwords = JSON.parse(readFileSync(join(samtal.data, 'postgres.json'), 'utf8'));
    return samtal;
  }

  get pid() {
    return this.program.pid;
  }

  /** Kills PostgreSQL, which the server starts again. */
  killPostgres() {
    const file = join(this.data, 'postgres/postmaster.pid');
    process.kill(Number(readFileSync(file, 'utf8').split('\n')[0]), 'SIGKILL');
  }

  /** Kills the server and starts it again at once, on the same data and at the same address. */
  async killAndStart() {
    this.program.child.kill('SIGKILL');
    await this.program.ended;
    this.program.emptyLogs();
    this.env = { ...this.env, SAMTAL_LISTEN: new URL(this.url).host };
    this.program = new Program(this.core, binary, ['serve'], this.env, this.folder, 'samtal');
    await this.program.says(/^Samtal is at (http:\/\/\S+)$/m);
  }

  /** One of PostgreSQL's programs, from where the running server comes. */
  postgresProgram(name) {
    const path = join(dirname(readlinkSync(`/proc/${this.postmaster}/exe`)), name);
    return existsSync(path) ? path : undefined;
  }

  /** How PostgreSQL's programs reach the database as its superuser. */
  get superuser() {
    return { PGHOST: this.sockets, PGPORT: '5432', PGUSER: 'postgres', PGPASSWORD: this.passwords.postgres, PGDATABASE: 'samtal' };
  }

  /** Runs SQL as the superuser; the rows, a line each. */
  sql(text) {
    const env = { ...process.env, ...this.superuser };
    const ran = spawnSync(this.postgresProgram('psql'), ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', text], { env, encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`psql: ${ran.stderr}`);
    return ran.stdout.split('\n').filter((line) => line !== '');
  }

  /** A new tenant: its id and a key for the REST interface. */
  tenant(name, email) {
    const args = ['tenant', 'create', '--name', name, '--email', email, '--password-stdin'];
    const ran = spawnSync(binary, args, { cwd: tmpdir(), env: this.env, input: PASSWORD, encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`samtal tenant create: ${ran.stderr}`);
    const made = JSON.parse(ran.stdout);
    return { id: made.tenant_id, key: made.api_key };
  }

  /** Signs in; the cookie of the session. */
  async signIn(email) {
    const body = new URLSearchParams({ email, password: PASSWORD });
    const answer = await fetch(`${this.url}/login`, { method: 'POST', redirect: 'manual', body });
    const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
    const cookie = cookies.find((pair) => pair.startsWith('samtal='));
    if (!cookie) throw new Error(`Nobody is signed in: ${answer.status} ${answer.headers.get('location')}`);
    return cookie;
  }

  /**
   * The server's answer to a request of the REST interface, with the key of a tenant. Where the server says that it cannot
   * just now, it is asked again: on a busy machine filling is not what is measured.
   */
  async api(tenant, method, path, body, tries = 20) {
    const json = body !== undefined && !(body instanceof FormData);
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${tenant.key}`, ...(json && { 'content-type': 'application/json' }) },
      body: json ? JSON.stringify(body) : body,
    });
    if (answer.status === 503 && tries > 1) {
      await answer.arrayBuffer();
      await sleep(500);
      return this.api(tenant, method, path, body, tries - 1);
    }
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async stop() {
    await this.program.stop();
    for (const folder of [this.folder, ...(this.moved ? [dirname(this.moved)] : [])]) rmSync(folder, { recursive: true, force: true });
  }
}
