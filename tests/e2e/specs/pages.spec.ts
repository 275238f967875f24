// Every page: no finding of axe in light and dark, no sideways scroll on a phone, no error in the browser.
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../fixtures/test.ts";
import { openIssue } from "../fixtures/issues.ts";
import { examplePlanFile, importPlan, ready } from "../fixtures/plan.ts";

const PAGES = [
  "/",
  "/import",
  "/settings/users",
  "/settings/tokens",
  "/m/atlas",
  "/m/atlas/plan",
  "/m/atlas/calendar?from=2026-12-07",
  "/m/atlas/calendar?layout=month&from=2026-12-07",
  "/m/atlas/calendar?layout=week&from=2026-12-07",
  "/m/atlas/calendar/phases/1",
  "/m/atlas/checklists",
  "/m/atlas/checklists?phase=1",
  "/m/atlas/checklists?edit=new",
  "/m/atlas/modules",
  "/m/atlas/modules?group=mode&sort=key",
  "/m/atlas/modules/MODULE",
  "/m/atlas/modules/MODULE/edit",
  "/m/atlas/modules/MODULE/rollback",
  "/m/atlas/rollback?phase=2",
  "/m/atlas/set?phase=2",
  "/m/atlas/kill-switch",
  "/m/atlas/resume",
  "/m/atlas/changes/REVISION",
  "/m/atlas/issues",
  "/m/atlas/issues/new?module=MODULE",
  "/m/atlas/issues/1",
  "/m/atlas/issues/1/edit",
  "/m/atlas/issues?q=nothing",
  "/m/atlas/search",
  "/m/atlas/search?q=order",
  "/m/atlas/audit",
  "/m/atlas/audit/1",
  "/m/atlas/instances",
  "/m/atlas/evidence",
  "/m/atlas/evidence/MODULE?range=7d",
  "/m/atlas/connect",
  "/m/atlas/settings",
  "/m/nowhere",
  "/nowhere",
];

test("every page is accessible and fits a phone", async ({ app, page, problems }) => {
  test.setTimeout(600_000);
  problems.allow(/404/);
  await app.signIn(page);
  await importPlan(app, examplePlanFile, "atlas");
  await page.goto(`${app.url}/m/atlas/modules`);
  const module = (await page.locator("tbody a[href*='/modules/']").first().innerText()).trim();
  await page.goto(`${app.url}/m/atlas/modules/${module}`);
  await ready(page);
  await page.locator("input[name=mode][value=both_validate]").check();
  await page.locator("#set-reason").fill("compare first");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await page.goto(`${app.url}/m/atlas/audit`);
  await expect(page.getByText("flag.set").first()).toBeVisible();
  await openIssue(page, app.url, "atlas", module);
  // The import made revision 1, the change above revision 2.
  const revision = "2";
  for (const path of PAGES) {
    await test.step(path, async () => {
      await page.goto(app.url + path.replace("MODULE", module).replace("REVISION", revision));
      await expect(page.getByRole("main")).toBeVisible();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    });
  }
});

test("the sign-in page is accessible before anybody signed in", async ({ app, page }) => {
  await page.goto(`${app.url}/sign-in`);
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
});
