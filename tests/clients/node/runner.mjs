// Runs a set of named cases, prints a line for each, and says by the exit code whether all passed.
export async function run(title, cases) {
  let failed = 0;
  for (const [name, one] of Object.entries(cases)) {
    try {
      await one();
      console.log(`ok    ${title} ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${title} ${name}\n${error.stack}`);
    }
  }
  const total = Object.keys(cases).length;
  console.log(`${title}: ${total - failed} of ${total} cases pass`);
  process.exit(failed > 0 ? 1 : 0);
}

export async function raises(kind, call) {
  try {
    await call();
  } catch (error) {
    if (error.constructor !== kind) throw error;
    return error;
  }
  throw new Error(`${kind.name} was not raised`);
}

export const words = (text) => text.trim().split(/\s+/).length;
