/** What other programs read in this repository is what they take: the workflow, the issue forms, the container file. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { validateWorkflow } from "@action-validator/core";
import { validate } from "dockerfile-utils";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../../scripts/build/root.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const scripts = (JSON.parse(read("package.json")) as { scripts: Record<string, string> }).scripts;

describe("the workflow", () => {
  const text = read(".github/workflows/ci.yml");

  it("is one that GitHub takes", () => {
    expect(validateWorkflow(text).errors).toEqual([]);
    // The validator does look.
    expect(validateWorkflow(text.replace("runs-on:", "run-on:")).errors).not.toEqual([]);
  });

  it("calls scripts that exist", () => {
    const called = [...text.matchAll(/npm (?:run )?(test(?::\w+)?|check|release)\b/g)].map(
      ([, name = ""]) => name,
    );
    expect(called).toContain("release");
    expect(called.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it("gives the right to write to nothing but the publishing of a version", () => {
    const { permissions, jobs } = parse(text) as {
      permissions: unknown;
      jobs: Record<string, { permissions?: unknown }>;
    };
    expect(permissions).toEqual({ contents: "read" });
    const more = Object.entries(jobs).filter(([, job]) => job.permissions !== undefined);
    expect(more.map(([name]) => name)).toEqual(["publish"]);
  });
});

describe("the issue forms", () => {
  it("have a name, a description and questions", () => {
    const forms = readdirSync(join(ROOT, ".github/ISSUE_TEMPLATE")).filter((name) => name !== "config.yml");
    expect(forms).toEqual(["bug.yml", "wish.yml"]);
    for (const name of forms) {
      const form = parse(read(`.github/ISSUE_TEMPLATE/${name}`)) as { body: { type: string; id?: string }[] };
      expect(form).toMatchObject({
        name: expect.any(String) as string,
        description: expect.any(String) as string,
      });
      const ids = form.body.flatMap(({ id }) => (id === undefined ? [] : [id]));
      expect(new Set(ids).size).toBe(form.body.filter(({ type }) => type !== "markdown").length);
    }
  });
});

describe("the container file", () => {
  const text = read("Containerfile");

  it("has no fault that a linter finds", () => {
    expect(validate(text)).toEqual([]);
    expect(validate(text.replace("ENTRYPOINT", "ENTRYPIONT"))).not.toEqual([]);
  });

  it("makes an image without rights of its own, with labels and a health check", () => {
    expect(text).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
    expect(text).toMatch(/^HEALTHCHECK .*"status", "--healthy"\]$/m);
    expect(text).toContain('LABEL org.opencontainers.image.title="reupload"');
  });
});

describe("the changelog", () => {
  const text = read("CHANGELOG.md");

  it("has the form of Keep a Changelog: versions, newest first, with what kind of change each is", () => {
    const versions = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    expect(versions[0]).toBe("[Unreleased]");
    for (const title of versions.slice(1)) expect(title).toMatch(/^\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}$/);
  });
});
