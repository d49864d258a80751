// The browser that all tests use, and the same with a camera and a microphone, which are played: a picture that moves, a tone every second.
export const executablePath = process.env.SAMTAL_CHROMIUM ?? '/usr/bin/chromium-headless-shell';

export const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // The media server is on this machine, which may have no other network.
  '--allow-loopback-in-peer-connection',
];

/** Nobody is asked whether they allow it, and the first screen is shared. Ten pictures a second are half the work of what it sends else. */
export const withDevices = {
  executablePath,
  args: [...args, '--use-fake-device-for-media-stream=fps=10', '--use-fake-ui-for-media-stream'],
};
