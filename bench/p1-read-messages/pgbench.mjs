// The floor of the database's share: pgbench sends the server's own statements, over the same socket, from the core where
// the application is otherwise.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOfPostgres } from '../lib/processes.mjs';
import * as statements from './sql.mjs';

/** The most scripts that pgbench takes is 128. */
const SCRIPTS = 100;
const CLIENTS = 8;
/** Seconds until every client has its connection and its plans. */
const WARM = 2;
/** And one more at the end, so that no client has gone when the last figure is taken. */
const OVER = 1;
/** What the server's logins have by `migrations/roles.sql`; pgbench comes as the superuser, to become both roles. */
const LIMITS = '-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s';

const together = (text) => text.replaceAll(';', ' \\;');

const PREPARE_MESSAGES = `prepare messages(uuid, uuid, bigint, uuid) as ${statements.MESSAGES}`;

/** What is executed for a conversation. */
function executed(conversation, hash) {
  const values = [`\\x${hash(conversation.tenant.key).toString('hex')}`, randomUUID(), new Date().toISOString(), new Date(0).toISOString()];
  const enter = values.reduce((text, value, at) => text.replace(`$${at + 1}`, `'${value}'`), statements.ENTER);
  return {
    enter: `${statements.AT_THE_DOOR}; ${enter}; ${statements.INSIDE}`,
    messages: `execute messages('${statements.uuid(conversation.id)}', '${statements.LAST}', 31, null)`,
  };
}

/** A request as a script: one transaction of three trips, as the server makes it. */
function script({ enter, messages }) {
  return `\\if :ready
\\else
begin \\; set local role app_tenant;
${PREPARE_MESSAGES};
commit;
\\set ready 1
\\endif
begin \\; ${together(enter)};
${messages};
rollback;
`;
}

/** Writes the scripts; undefined where there is no pgbench. */
export function prepare(samtal, conversations) {
  const program = samtal.postgresProgram('pgbench');
  if (!program) return undefined;
  const folder = join(samtal.folder, 'pgbench');
  mkdirSync(folder);
  const hash = statements.keyHasher(samtal.data);
  const files = conversations.slice(0, SCRIPTS).map((conversation, number) => {
    const { enter, messages } = executed(conversation, hash);
    // The door gives a row, too.
    const rows = number < 3 ? samtal.sql(`begin; ${enter}; ${PREPARE_MESSAGES}; ${messages}; rollback`).length : 32;
    if (rows !== 32) throw new Error(`The statements for pgbench find ${rows} rows, and not what the server finds.`);
    const file = join(folder, `${number}.sql`);
    writeFileSync(file, script({ enter, messages }));
    return file;
  });
  return { program, files };
}

/** One run: CPU seconds of PostgreSQL for each request's statements, and how many a second. */
export async function run(samtal, { program, files }, core, seconds) {
  const args = ['--no-vacuum', '--protocol=simple', `--client=${CLIENTS}`, '--jobs=1', '--progress=1', '--define=ready=0'];
  const child = spawn('taskset', ['-c', core, program, ...args, `--time=${WARM + seconds + OVER}`, ...files.flatMap((file) => ['-f', file])], {
    env: { ...process.env, ...samtal.superuser, PGOPTIONS: LIMITS },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  let last; // the latest line of progress: when, and PostgreSQL's CPU time then
  let first;
  let transactions = 0;
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
    for (const [, at, rate] of text.matchAll(/^progress: ([\d.]+) s, ([\d.]+) tps.*$/gm)) {
      if (Number(at) > WARM + seconds + 0.5) continue;
      const now = { at: Number(at), cpu: cpuOfPostgres(samtal.postmaster) };
      if (first) transactions += Number(rate) * (now.at - last.at);
      else if (now.at >= WARM - 0.5) first = now;
      last = now;
    }
  });
  const code = await new Promise((settle) => child.once('close', settle));
  // Until its connections have ended.
  await sleep(500);
  if (code !== 0 || !first || transactions === 0) throw new Error(`pgbench: ${said.slice(0, 2000)}`);
  return { database: (last.cpu - first.cpu) / transactions, perSecond: transactions / (last.at - first.at) };
}
