// What is measured in a browser: `cargo xtask bench browser`. One at a time, and never among the tests.
import { defineConfig } from "@playwright/test";

import tests from "./playwright.config.ts";

export default defineConfig({
  ...tests,
  testDir: "bench",
  workers: 1,
  timeout: 180_000,
  use: { ...tests.use, trace: "off", screenshot: "off" },
  projects: [{ name: "browser", testMatch: "**/*.bench.ts" }],
});
