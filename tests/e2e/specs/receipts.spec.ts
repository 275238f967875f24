// Who obeys a change: seen by whoever pressed, while it happens where script runs, and with the next look where it does not.
import type { Locator, Page } from "@playwright/test";

import { Instance } from "../fixtures/instance.ts";
import { importPlan, planFile, ready } from "../fixtures/plan.ts";
import { expect, expectAccessible, test } from "../fixtures/test.ts";

/** Waits for what the page shows by itself; without script a person looks again. */
async function expectShown(page: Page, locator: Locator): Promise<void> {
  if (test.info().project.use.javaScriptEnabled !== false) {
    await expect(locator).toBeVisible({ timeout: 15_000 });
    return;
  }
  await expect(async () => {
    await page.reload();
    await expect(locator).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 15_000 });
}

test("a change shows who obeys it, who is behind, and that the last one came along", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  const sdk = await app.cli("token", "create", "--name", "shop", "--kind", "sdk", "--migration", "ledger");
  const instances = [
    await Instance.connect(app, sdk.stdout.trim(), "shop-1"),
    await Instance.connect(app, sdk.stdout.trim(), "shop-2"),
  ] as const;
  const [quick, slow] = instances;
  await quick.acknowledge();
  await slow.acknowledge();
  const before = quick.told.at(-1);
  const ops = (await app.cli("token", "create", "--name", "ops", "--kind", "operator")).stdout.trim();
  const set = await app.cliWith(
    { SWITCHBACK_TOKEN: ops },
    "set", "parcel_ledger", "--mode", "both_validate", "--migration", "ledger", "--reason", "compare first",
  );
  expect(set.code, set.stderr).toBe(0);
  await expect.poll(() => [quick, slow].every(({ told }) => told.at(-1) !== before)).toBe(true);
  await quick.acknowledge();

  const revision = (quick.told.at(-1) ?? "").split(":")[1];
  await page.goto(`${app.url}/m/ledger/changes/${revision}`);
  await ready(page);
  const receipt = page.locator(".receipt");
  await expectShown(page, receipt.getByText("1 of 2 instances obey"));
  await expect(receipt.getByText(/shop-2/)).toBeVisible();
  await expectAccessible(page);

  // Ten seconds behind is a warning where everybody looks.
  await page.goto(`${app.url}/m/ledger`);
  await ready(page);
  await expectShown(page, page.getByRole("main").getByText(/has not applied the newest revision/));
  await page.goto(`${app.url}/m/ledger/instances`);
  await ready(page);
  const row = page.getByRole("row").filter({ hasText: "shop-2" });
  await expectShown(page, row.getByText("connected and behind"));

  await page.goto(`${app.url}/m/ledger/changes/${revision}`);
  await ready(page);
  await expect(receipt.getByText("1 of 2 instances obey")).toBeVisible();
  await slow.acknowledge();
  await expectShown(page, receipt.getByText("2 of 2 instances obey"));
  await page.goto(`${app.url}/m/ledger/instances`);
  await ready(page);
  await expectShown(page, row.getByText("obeys"));
  instances.forEach((instance) => instance.leave());
});
