/** @type {import('next').NextConfig} */
export default {
  poweredByHeader: false,
  serverExternalPackages: ['postgres'],
  // Not the folders above it, where other lock files are.
  turbopack: { root: import.meta.dirname },
};
