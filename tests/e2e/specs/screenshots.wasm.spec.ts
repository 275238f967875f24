// The pictures of the README. Written to SWITCHBACK_SCREENSHOTS where that is set, else thrown away with the results.
import { join } from "node:path";

import { ready } from "../fixtures/plan.ts";
import { expect, test } from "../fixtures/test.ts";

test.use({ serveArguments: ["--demo"], viewport: { width: 1280, height: 860 } });

test("the README's pictures show the demo", async ({ app, page }, testInfo) => {
  const directory = process.env["SWITCHBACK_SCREENSHOTS"] ?? testInfo.outputDir;
  const take = async (name: string) => {
    await page.screenshot({ path: join(directory, `${name}.png`) });
  };
  await app.signIn(page);
  await page.goto(`${app.url}/m/atlas`);
  await expect(page.getByRole("main")).toBeVisible();
  await take("overview");
  await page.goto(`${app.url}/m/atlas/modules`);
  await take("modules");
  const module = (await page.locator("tbody a[href*='/modules/']").first().innerText()).trim();
  await page.goto(`${app.url}/m/atlas/modules/${module}`);
  await ready(page);
  await page.locator("input[name=mode][value=gradual_rollout]").check();
  await page.locator("input[name=exposure]").fill("10");
  await page.locator("#set-reason").fill("first ten per cent");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await expect(page.getByText("first ten per cent").first()).toBeVisible();
  await page.goto(`${app.url}/m/atlas/modules/${module}`);
  await take("module");
  await page.getByRole("link", { name: "Roll back…" }).first().click();
  await expect(page.getByRole("button", { name: "Error rate" })).toBeVisible();
  await take("rollback");
  await page.getByRole("button", { name: "Error rate" }).click();
  await expect(page.getByText(/stored/i).first()).toBeVisible();
  await page.goto(`${app.url}/m/atlas/audit`);
  await take("audit");
});
