// The issue log, with WASM and without: an issue holds its module up, is talked about, found again and resolved.
import { openIssue } from "../fixtures/issues.ts";
import { importPlan, planFile, ready } from "../fixtures/plan.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../fixtures/test.ts";

test("a critical issue holds its module up until it is resolved", async ({ app, page, problems }) => {
  problems.allow(/409|400/);
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await openIssue(page, app.url, "ledger", "parcel_ledger", "critical");
  const issue = page.url().replace(/[?#].*/, "");
  const main = page.getByRole("main");
  await expect(main.getByText("parcel_ledger is not promoted until this issue is resolved")).toBeVisible();
  // Evidence of that moment, and Markdown that does no harm.
  await expect(main.getByRole("heading", { name: "parcel_ledger in production" })).toBeVisible();
  await expect(main.getByRole("heading", { name: "Since when" })).toBeVisible();
  await expect(main.getByText("<script>document.title")).toBeVisible();
  expect(await page.title()).not.toContain("taken over");

  // The module says so, where it is refused, too.
  await page.goto(`${app.url}/m/ledger/modules/parcel_ledger`);
  await expect(main.getByText("Nothing is promoted until this critical issue is resolved")).toBeVisible();
  await ready(page);
  await page.locator("input[name=mode][value=both_validate]").check();
  await page.locator("#set-reason").fill("try it anyway");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await expect(main.getByText(/Issue 1, "Totals differ by a cent", is critical/)).toBeVisible();

  // Talked about, and resolved with how.
  await page.goto(issue);
  await ready(page);
  await page.getByLabel("Comment").fill("Seen in `invoice-17`, too.");
  await page.getByRole("button", { name: "Comment", exact: true }).click();
  await expect(main.locator(".said").getByText("Seen in invoice-17, too.")).toBeVisible();
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(main.getByText("Say how it was resolved").first()).toBeVisible();
  await page.getByLabel("Resolution").fill("Rounded *once*, at the end.");
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(main.getByRole("heading", { name: "Resolution" })).toBeVisible();
  await expect(main.getByText("Rounded once, at the end.")).toBeVisible();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);

  await page.goto(`${app.url}/m/ledger/modules/parcel_ledger`);
  await expect(main.getByText("Nothing is promoted")).toBeHidden();
});

test("issues are found by their words and their filters, all of it in the address", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await page.goto(`${app.url}/m/ledger/issues`);
  await expect(page.getByRole("heading", { name: "No issues yet" })).toBeVisible();
  await expectAccessible(page);
  await openIssue(page, app.url, "ledger", "parcel_ledger");
  await openIssue(page, app.url, "ledger", "stamp_printer", "low");
  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "Issues" }).click();
  const rows = page.locator("table.issues tbody tr");
  await expect(rows).toHaveCount(2);
  await page.getByLabel("Search issues and comments").fill("cent");
  await page.getByLabel("Severity").selectOption("low");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("stamp_printer");
  expect(new URL(page.url()).searchParams.get("q")).toBe("cent");
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await page.getByRole("link", { name: "severity: low, remove" }).click();
  await expect(rows).toHaveCount(2);
  await page.goBack();
  await expect(rows).toHaveCount(1);
});

test("an issue is edited and linked", async ({ app, page }) => {
  await app.signIn(page);
  await importPlan(app, planFile, "ledger");
  await openIssue(page, app.url, "ledger", "parcel_ledger");
  await openIssue(page, app.url, "ledger", "parcel_ledger");
  await ready(page);
  await page.getByLabel("How").selectOption("this issue duplicates");
  await page.getByLabel("Issue, its number").fill("1");
  await page.getByRole("button", { name: "Link", exact: true }).click();
  const main = page.getByRole("main");
  await expect(main.getByText("duplicates").first()).toBeVisible();
  await main.getByRole("link", { name: "1. Totals differ by a cent" }).click();
  await expect(main.getByText("is duplicated by").first()).toBeVisible();
  await main.getByRole("link", { name: "Edit" }).click();
  await ready(page);
  await page.getByLabel("Title").fill("Totals differ");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(main.getByText("changed the title of issue 1").first()).toBeVisible();
});

test("who only reads sees why nothing can be pressed", async ({ app, page }) => {
  const added = await app.cli("user", "add", "Ines", "--role", "viewer");
  expect(added.code, added.stderr).toBe(0);
  await importPlan(app, planFile, "ledger");
  await app.signIn(page, "Ines");
  await page.goto(`${app.url}/m/ledger/issues/new`);
  await expect(page.getByRole("button", { name: "Open", exact: true })).toBeDisabled();
  await expect(page.getByText("Needs the role operator").first()).toBeVisible();
});
