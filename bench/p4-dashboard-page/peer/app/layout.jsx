// The document around the page.
import { cookies } from 'next/headers';
import { theme } from '../ui/theme.js';

export const viewport = { width: 'device-width', initialScale: 1, colorScheme: 'light dark' };

const AHEAD = '{"prefetch":[{"where":{"selector_matches":"nav[aria-label=Dashboard] a"},"eagerness":"conservative"}]}';

export default async function Layout({ children }) {
  const chosen = theme(await cookies());
  return (
    <html lang="en" data-theme={chosen === 'system' ? undefined : chosen}>
      <head>
        <link rel="icon" href="/assets/favicon.svg" type="image/svg+xml" />
        <link rel="preload" href="/assets/fonts/schibsted-grotesk.woff2" as="font" type="font/woff2" crossOrigin="anonymous" />
        <link rel="stylesheet" href="/assets/dashboard.css" />
        <script type="speculationrules" dangerouslySetInnerHTML={{ __html: AHEAD }} />
      </head>
      <body className="dashboard">{children}</body>
    </html>
  );
}
