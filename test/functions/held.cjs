/**
 * The rotation function as `index.cjs` beside it has it, but it stops where the folder HOLD says,
 * so that a test can kill the server there: a file `before-setSecret` stops it before that step,
 * `after-setSecret` after it, until the file is gone. A file `reached` tells that it stands.
 */
const { existsSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const { singleUser, alternatingUsers } = require('./index.cjs');

async function hold(point) {
  const file = join(process.env.HOLD, point);
  if (!existsSync(file)) return;
  writeFileSync(join(process.env.HOLD, 'reached'), '');
  while (existsSync(file)) await wait(20);
}

const holding = (rotate) => async (event) => {
  await hold(`before-${event.Step}`);
  await rotate(event);
  await hold(`after-${event.Step}`);
};
module.exports = {
  singleUser: holding(singleUser),
  alternatingUsers: holding(alternatingUsers),
};
