// Opens pages of `mtutrace report` in headless Chromium, light and dark, wide and narrow: axe-core must find nothing, the console must be
// silent, and nothing may be wider than the window. Screenshots lie beside each page.
//   npm install && node check.mjs /tmp/report.html …
import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let wrong = 0;
for (const page of process.argv.slice(2)) {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1000, 400]) {
      // The page forbids scripts; this one comes from outside.
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
      const tab = await context.newPage();
      const said = [];
      tab.on('console', (message) => said.push(message.text()));
      tab.on('pageerror', (error) => said.push(String(error)));
      await tab.goto(pathToFileURL(page).href);
      await tab.evaluate(axe);
      const { violations } = await tab.evaluate(() => globalThis.axe.run());
      const over = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      console.log(`${page} ${colorScheme} ${width}: ${violations.length} violations, ${said.length} messages, ${over} px too wide`);
      violations.forEach((violation) => console.log('  ', violation.id, violation.help, violation.nodes.map((node) => node.html)));
      said.forEach((message) => console.log('  ', message));
      wrong += violations.length + said.length + (over > 0 ? 1 : 0);
      await tab.screenshot({ path: `${page}-${colorScheme}-${width}.png`, fullPage: true });
      await context.close();
    }
  }
}
await browser.close();
process.exitCode = wrong > 0 ? 1 : 0;
