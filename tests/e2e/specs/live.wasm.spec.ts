// What script adds: changes made elsewhere show without a reload, and two people at once are told of each other.
import { expect, test } from "../fixtures/test.ts";
import { importPlan, planFile, ready } from "../fixtures/plan.ts";

test("a change made elsewhere shows within a second", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await page.goto(`${app.url}/m/ledger/modules/parcel_ledger`);
  await expect(page.getByText("live", { exact: true })).toBeVisible();
  const token = (await app.cli("token", "create", "--name", "ops", "--kind", "operator")).stdout.trim();
  const set = await app.cliWith(
    { SWITCHBACK_TOKEN: token },
    "set", "parcel_ledger", "--mode", "gradual_rollout", "--exposure", "10",
    "--migration", "ledger", "--reason", "from a terminal",
  );
  expect(set.code, set.stderr).toBe(0);
  await expect(page.getByText("from a terminal").first()).toBeVisible({ timeout: 1_500 });
});

test("an edit of a module that was rolled back meanwhile shows who did what, and keeps what was typed", async ({ app, page, problems }) => {
  problems.allow(/409/);
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  const token = (await app.cli("token", "create", "--name", "ops", "--kind", "operator")).stdout.trim();
  const asOps = { SWITCHBACK_TOKEN: token };
  const common = ["--migration", "ledger", "--reason", "by ops"];
  await app.cliWith(asOps, "set", "parcel_ledger", "--mode", "both_validate", ...common);
  await page.goto(`${app.url}/m/ledger/modules/parcel_ledger/edit`);
  await ready(page);
  await page.getByLabel("Owner").fill("ines");
  const back = await app.cliWith(asOps, "rollback", "parcel_ledger", ...common);
  expect(back.code, back.stderr).toBe(0);
  await page.getByRole("main").getByRole("button", { name: /save/i }).first().click();
  await expect(page.getByText(/rolled back parcel_ledger/).first()).toBeVisible();
  await expect(page.getByLabel("Owner")).toHaveValue("ines");
});
