// What services saw of old and new: side by side, judged, and acted on when new fails too often.
import type { Switchback } from "../fixtures/switchback.ts";

import { importPlan, planFile, ready } from "../fixtures/plan.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../fixtures/test.ts";

const MINUTE = 60_000;

/** Says that a side of the module was used so often in that minute. */
async function report(
  app: Switchback,
  token: string,
  samples: { side: string; minute: number; uses: number; errors: number }[],
): Promise<void> {
  const body = {
    batch: crypto.randomUUID(),
    samples: samples.map((one) => ({ module: "parcel_ledger", latency: [[12, one.uses]], ...one })),
  };
  const answer = await fetch(`${app.url}/api/v1/migrations/ledger/samples`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status, await answer.text()).toBe(202);
}

test("evidence is shown with verdicts, and a breach rolls back by itself", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  const token = async (kind: string): Promise<string> =>
    (await app.cli("token", "create", "--name", kind, "--kind", kind, "--migration", "ledger")).stdout.trim();
  const [ingest, operator] = [await token("ingest"), await token("operator")];
  await page.goto(`${app.url}/m/ledger/evidence`);
  await ready(page);
  await expect(page.getByText("Nothing was seen yet")).toBeVisible();
  const set = await app.cliWith(
    { SWITCHBACK_TOKEN: operator },
    "set", "parcel_ledger", "--mode", "gradual_rollout", "--exposure", "10", "--migration", "ledger", "--reason", "first lorry",
  );
  expect(set.code, set.stderr).toBe(0);

  // The minute of the change does not count.
  const next = Math.floor(Date.now() / MINUTE) * MINUTE + MINUTE;
  await report(app, ingest, [
    { side: "new", minute: next, uses: 5_000, errors: 10 },
    { side: "old", minute: next, uses: 40_000, errors: 60 },
  ]);
  await page.goto(`${app.url}/m/ledger/evidence`);
  await ready(page);
  const row = page.getByRole("row").filter({ hasText: "parcel_ledger" });
  await expect(row.getByText("healthy")).toBeVisible();
  await expect(row.getByText("5,000")).toBeVisible();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);

  await row.getByRole("link", { name: "parcel_ledger" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("parcel_ledger");
  const verdicts = page.locator("#verdicts");
  await expect(verdicts.getByRole("row").filter({ hasText: "PASS" }).first()).toBeVisible();
  await expect(verdicts.getByRole("row").filter({ hasText: "NO DATA" }).first()).toBeVisible();
  await expect(page.locator("#totals").getByText("12 ms").first()).toBeVisible();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  const csv = await page.request.get(`${app.url}/m/ledger/evidence/parcel_ledger/samples.csv`);
  expect(await csv.text()).toContain(",new,1,5000,10,");

  // Too many errors: the module goes back without anybody pressing, and an issue says why.
  await report(app, ingest, [{ side: "new", minute: next + MINUTE, uses: 2_000, errors: 900 }]);
  await expect(async () => {
    await page.goto(`${app.url}/m/ledger/modules/parcel_ledger`);
    await expect(page.getByRole("main").getByText("conductor").first()).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 25_000 });
  await page.goto(`${app.url}/m/ledger/issues`);
  await ready(page);
  await expect(page.getByRole("link", { name: /parcel_ledger was rolled back in production/ })).toBeVisible();
});
