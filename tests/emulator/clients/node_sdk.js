// Copyright (c) 2026 The alicloud.ecs_access founders
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The vendor's unmodified SDKs for Node.js against a server of this package: the generated client, any version, and the older pop-core.
//
//   npm install @alicloud/ecs20140526 (or @alicloud/pop-core)
//   NODE_EXTRA_CA_CERTS=CA_FILE node node_sdk.js READY_FILE generated|pop-core
//
// Reads and answers as python_sdk.py does; packages are those of the working directory.
'use strict';

const fs = require('fs');
const readline = require('readline');
const { createRequire } = require('module');

const packages = createRequire(process.cwd() + '/');
const ready = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const account = { accessKeyId: ready.access_key_id, accessKeySecret: ready.access_key_secret };

function generated() {
  const Ecs = packages('@alicloud/ecs20140526');
  const own = createRequire(packages.resolve('@alicloud/ecs20140526'));
  const first = (names) => {
    for (const name of names) {
      try {
        return own(name);
      } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND') throw error;
      }
    }
    throw new Error('none of ' + names);
  };
  // Newer generations name these packages otherwise.
  const core = first(['@alicloud/openapi-core', '@alicloud/openapi-client']);
  const { cast } = first(['@darabonba/typescript', '@alicloud/tea-typescript']);
  const Config = core.$OpenApiUtil ? core.$OpenApiUtil.Config : core.Config;
  const address = new URL(ready.endpoint);
  const client = new Ecs.default(new Config({
    ...account, regionId: ready.region, endpoint: address.host, protocol: address.protocol.slice(0, -1).toUpperCase(),
  }));
  return async (operation) => {
    const method = operation.do[0].toLowerCase() + operation.do.slice(1);
    if (!client[method]) return { unknown: true };
    const request = cast({ RegionId: ready.region, ...operation.with }, new Ecs[operation.do + 'Request']({}));
    return { body: (await client[method](request)).body.toMap() };
  };
}

function popCore() {
  const { RPCClient } = packages('@alicloud/pop-core');
  const clients = (version) => new RPCClient({ ...account, endpoint: ready.endpoint, apiVersion: version });
  const ecs = clients('2014-05-26');
  const sts = clients('2015-04-01');
  let posts = false;
  return async (operation) => {
    // Parameters in the query and in a body by turns.
    posts = !posts;
    const parameters = operation.sts ? {} : { RegionId: ready.region };
    for (const [name, value] of Object.entries(operation.with)) {
      parameters[name] = value instanceof Object && !Array.isArray(value) ? JSON.stringify(value) : value;
    }
    return { body: await (operation.sts ? sts : ecs).request(operation.do, parameters, { method: posts ? 'POST' : 'GET' }) };
  };
}

(async () => {
  const call = { generated, 'pop-core': popCore }[process.argv[3]]();
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = await call(JSON.parse(line));
    } catch (error) {
      if (typeof error.code !== 'string') throw error;
      answer = { code: error.code };
    }
    console.log(JSON.stringify(answer));
  }
})();
