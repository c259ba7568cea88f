// Copyright (c) 2026 The alicloud.ecs_access founders
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The vendor's unmodified SDKs for Node.js against the emulator: the generated client (ACS3-HMAC-SHA256 headers) and
// the older pop-core (HMAC-SHA1 parameters, in the query and in a form body). Prints one JSON object.
//
//   npm install @alicloud/ecs20140526 @alicloud/openapi-client @alicloud/pop-core
//   node node_sdk.js READY_FILE
'use strict';

const fs = require('fs');
const { createRequire } = require('module');

const packages = createRequire(process.cwd() + '/');
const Ecs = packages('@alicloud/ecs20140526');
const OpenApi = packages('@alicloud/openapi-client');
const PopCore = packages('@alicloud/pop-core');

const ready = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

async function generated() {
  const config = new OpenApi.Config({
    accessKeyId: ready.access_key_id,
    accessKeySecret: ready.access_key_secret,
    regionId: ready.region,
    endpoint: new URL(ready.endpoint).host,
    protocol: 'HTTP',
  });
  const client = new Ecs.default(config);
  const ids = [];
  let nextToken;
  do {
    const request = new Ecs.DescribeInstancesRequest({ regionId: ready.region, maxResults: 10, nextToken });
    const body = (await client.describeInstances(request)).body;
    ids.push(...body.instances.instance.map((instance) => instance.instanceId));
    nextToken = body.nextToken;
  } while (nextToken);
  const tag = [new Ecs.CreateKeyPairRequestTag({ key: 'owner', value: 'a b+c*~é' })];
  const created = (await client.createKeyPair(new Ecs.CreateKeyPairRequest({
    regionId: ready.region, keyPairName: 'node-generated', tag,
  }))).body;
  const attached = (await client.attachKeyPair(new Ecs.AttachKeyPairRequest({
    regionId: ready.region, keyPairName: 'node-generated', instanceIds: JSON.stringify(ids.slice(0, 2)),
  }))).body;
  const pairs = (await client.describeKeyPairs(new Ecs.DescribeKeyPairsRequest({
    regionId: ready.region, keyPairName: 'node-*',
  }))).body;
  const command = (await client.runCommand(new Ecs.RunCommandRequest({
    regionId: ready.region, type: 'RunShellScript', commandContent: 'true', instanceId: ids.slice(0, 2),
  }))).body;
  let unknown = '';
  try {
    await client.deleteKeyPairs(new Ecs.DeleteKeyPairsRequest({ regionId: 'nowhere', keyPairNames: '["x"]' }));
  } catch (error) {
    unknown = error.code;
  }
  return {
    instances: ids.length,
    private_key: created.privateKeyBody.startsWith('-----BEGIN RSA '),
    fail_count: Number(attached.failCount),
    tag: pairs.keyPairs.keyPair[0].tags.tag[0].tagValue,
    invoke_id: command.invokeId,
    unknown_region: unknown,
  };
}

async function popCore(method) {
  const client = new PopCore.RPCClient({
    accessKeyId: ready.access_key_id,
    accessKeySecret: ready.access_key_secret,
    endpoint: ready.endpoint,
    apiVersion: '2014-05-26',
  });
  const body = await client.request(
    'DescribeInstances', { RegionId: ready.region, PageSize: 100, Tag: [{ Key: 'role', Value: 'w eb*' }] }, { method });
  const sts = new PopCore.RPCClient({
    accessKeyId: ready.access_key_id,
    accessKeySecret: ready.access_key_secret,
    endpoint: ready.endpoint,
    apiVersion: '2015-04-01',
  });
  const assumed = await sts.request(
    'AssumeRole', { RoleArn: 'acs:ram::1234567890123456:role/tester', RoleSessionName: 'node' }, { method });
  const temporary = new PopCore.RPCClient({
    accessKeyId: assumed.Credentials.AccessKeyId,
    accessKeySecret: assumed.Credentials.AccessKeySecret,
    securityToken: assumed.Credentials.SecurityToken,
    endpoint: ready.endpoint,
    apiVersion: '2014-05-26',
  });
  const regions = await temporary.request('DescribeRegions', {}, { method });
  return { instances: body.TotalCount, regions: regions.Regions.Region.length > 0 };
}

async function main() {
  const result = { generated: await generated(), pop_get: await popCore('GET'), pop_post: await popCore('POST') };
  process.stdout.write(JSON.stringify(result) + '\n');
}

main().catch((error) => {
  process.stderr.write(String(error && error.stack || error) + '\n');
  process.exit(1);
});
