// What a race needs besides Samtal, by the lock file in its folder.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Installs what the package-lock.json of a folder says, unless that is there. */
export function install(folder) {
  const changed = (path) => statSync(path).mtimeMs;
  const [lock, there] = [join(folder, 'package-lock.json'), join(folder, 'node_modules/.package-lock.json')];
  if (existsSync(there) && changed(there) >= changed(lock)) return;
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}
