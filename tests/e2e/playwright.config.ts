// The browser tests. `wasm` has the pages hydrated, `plain` has no script at all: what matters works in both.
// Specs named `*.wasm.spec.ts` are about what needs script, and run in the first alone.
import { defineConfig, type LaunchOptions } from "@playwright/test";

const launchOptions: LaunchOptions = {
  // Unset, Playwright starts the browser it has downloaded itself.
  executablePath: process.env["CHROMIUM"],
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

export default defineConfig({
  testDir: "specs",
  outputDir: "results",
  fullyParallel: true,
  forbidOnly: process.env["CI"] !== undefined,
  workers: 2,
  reporter: [["list"]],
  timeout: 30_000,
  expect: { timeout: 5_000 },
  use: {
    browserName: "chromium",
    launchOptions,
    locale: "en-GB",
    timezoneId: "UTC",
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
  },
  projects: [
    { name: "wasm" },
    { name: "plain", use: { javaScriptEnabled: false }, testIgnore: "**/*.wasm.spec.ts" },
  ],
});
