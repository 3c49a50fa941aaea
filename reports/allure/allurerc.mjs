// How a dosebench report looks. What differs from report to report stands in settings.json, in the working folder.
import { readFileSync } from "node:fs";

// Node 20 has no iterator helpers, and parts of Allure 3 use them.
const iterator = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
iterator.toArray ??= function () { return [...this]; };
iterator.map ??= function* (change) { for (const item of this) yield change(item); };
iterator.filter ??= function* (keep) { for (const item of this) if (keep(item)) yield item; };

const { title, historyPath } = JSON.parse(readFileSync("settings.json", "utf8"));

// pytest puts the exception's type in front: "harness.errors.Inconclusive: INCONCLUSIVE: ...".
const broken = (verdict) => ({ statuses: ["broken"], message: new RegExp(`^(?:[\\w.]+: )?${verdict}\\b`) });

export default {
  name: title,
  // Always a copy: whether this run is remembered is not decided here.
  historyPath: historyPath ?? undefined,
  appendHistory: true,
  // Of the machine, not of the measurement.
  hideLabels: ["host", "thread", "framework", "language", "package"],
  plugins: {
    awesome: { options: { singleFile: true, reportLanguage: "en", theme: "light" } },
    agent: { enabled: false },
  },
  // The first rule that matches takes the test.
  categories: [
    // Of a fault drill alone: no verdict of a run begins like this.
    { name: "WRONG: a miss or a false alarm of the program", matchers: { statuses: ["failed"], message: /^WRONG\b/ }, expand: true },
    { name: "FAIL: the pump is outside its limits", matchers: { statuses: ["failed"] }, expand: true },
    { name: "ABORTED: the run was cut short", matchers: broken("ABORTED"), expand: true },
    { name: "INVALID: the bench cannot be trusted, the pump is not judged", matchers: broken("INVALID"), expand: true },
    { name: "INCONCLUSIVE: the uncertainty does not allow a decision", matchers: broken("INCONCLUSIVE"), expand: true },
    { name: "ERROR: bench or program, the pump is not judged", matchers: { statuses: ["broken"] }, expand: true },
  ],
};
