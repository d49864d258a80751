// CPU time and memory of processes, as /proc gives them (proc(5)).
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** The fields of /proc/PID/stat after the name; undefined when the process has gone. */
function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // "pid (name) state ppid …": the name may hold anything.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

const seconds = (fields, ...numbers) => numbers.reduce((sum, n) => sum + Number(fields[n]), 0) / ticks;

/** CPU seconds of a process, user and system, all threads; those of threads that have ended are in it. */
export function cpu(pid) {
  const fields = stat(pid);
  if (!fields) throw new Error(`Process ${pid} has gone.`);
  return seconds(fields, 11, 12);
}

/** The same of the threads that there are, to the nanosecond; not a number where one has just ended, or the kernel does not say. */
function ofThreads(pid) {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e9;
  } catch {
    return Number.NaN;
  }
}

/** From now on: gives the CPU seconds that a process has spent by then. `cpu` counts in hundredths of a second, which is coarse for what takes little. */
export function spending(pid) {
  const began = [cpu(pid), ofThreads(pid)];
  return () => {
    const [all, threads] = [cpu(pid) - began[0], ofThreads(pid) - began[1]];
    // Further apart, a thread has ended meanwhile, which `cpu` alone counts.
    return Math.abs(all - threads) < 3 / ticks ? threads : all;
  };
}

/** The processes whose parent this is, by number. */
function children(parent) {
  const found = new Map();
  for (const pid of readdirSync('/proc')) {
    const fields = /^\d+$/.test(pid) && stat(pid);
    if (fields && Number(fields[1]) === parent) found.set(pid, fields);
  }
  return found;
}

/** CPU seconds of PostgreSQL: the postmaster, its children, and the children that it has buried. */
export function cpuOfPostgres(postmaster) {
  for (;;) {
    const found = children(postmaster);
    const own = stat(postmaster);
    if (!own) throw new Error('PostgreSQL has gone.');
    // One that was buried in between would be counted twice or not at all.
    const now = children(postmaster);
    if (now.size !== found.size || [...now.keys()].some((pid) => !found.has(pid))) continue;
    return [...found.values()].reduce((sum, fields) => sum + seconds(fields, 11, 12), seconds(own, 11, 12, 13, 14));
  }
}

/** Resident memory of a process in MB. */
export function resident(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}
