// One search across a migration, with WASM and without.
import { openIssue } from "../fixtures/issues.ts";
import { importPlan, planFile, ready } from "../fixtures/plan.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../fixtures/test.ts";

test("everything is found on one page: modules, checks, issues, audit entries, commands", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await openIssue(page, app.url, "ledger", "parcel_ledger");
  await page.goto(`${app.url}/m/ledger/search`);
  await ready(page);
  await expect(page.getByRole("link", { name: /Kill switch…/ }).last()).toBeVisible();
  await page.getByLabel(/Search modules/).fill("parcel");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  const found = page.locator("#found");
  await expect(found.getByRole("link", { name: /parcel_ledger/ }).first()).toBeVisible();
  await expect(found.getByRole("heading", { name: "Audit log" })).toBeVisible();
  expect(new URL(page.url()).searchParams.get("q")).toBe("parcel");
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  for (const [words, heading, place] of [
    ["error rates", "Checks", /checklists/],
    ["totals cent", "Issues", /issues\/1/],
    ["Ledger core", "Phases", /modules\?phase=/],
    ["roll back", "Commands", /rollback/],
  ] as const) {
    await page.goto(`${app.url}/m/ledger/search?q=${encodeURIComponent(words)}`);
    await expect(found.getByRole("heading", { name: heading })).toBeVisible();
    await expect(found.locator("section", { has: page.getByRole("heading", { name: heading }) }).getByRole("link").first())
      .toHaveAttribute("href", place);
  }
  await page.goto(`${app.url}/m/ledger/search?q=nobodywroteit`);
  await expect(found.getByText("Nothing is called “nobodywroteit”")).toBeVisible();
});
