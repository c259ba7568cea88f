# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that all cloud modules share."""


class ModuleDocFragment:
    """Region, credentials, endpoint, timeouts and retries."""

    DOCUMENTATION = r"""
options:
  region:
    description:
      - The region, for example V(cn-hangzhou).
      - If not set, the first of E(ALIBABA_CLOUD_REGION_ID), E(ALIBABA_CLOUD_REGION) and E(ALICLOUD_REGION) that is set is
        used.
    type: str
  access_key_id:
    description:
      - The access key of a RAM user, or of temporary credentials together with O(security_token).
      - If no option names a source of credentials, E(ALIBABA_CLOUD_ACCESS_KEY_ID) or E(ALICLOUD_ACCESS_KEY) is used, then
        the variables of O(credentials_uri), O(ram_role_name) and O(profile), then the default chain of the SDK (OIDC,
        C(~/.aliyun/config.json), C(~/.alibabacloud/credentials.ini), the metadata of the ECS instance it runs on).
      - Options always take precedence over the environment, and a source is used as a whole, so an access key that is set in
        the environment never overrides a O(profile) that the task names.
    type: str
  access_key_secret:
    description:
      - The secret of O(access_key_id).
      - The variables are E(ALIBABA_CLOUD_ACCESS_KEY_SECRET) and E(ALICLOUD_SECRET_KEY).
    type: str
  security_token:
    description:
      - The third part of temporary credentials.
      - The variables are E(ALIBABA_CLOUD_SECURITY_TOKEN) and E(ALICLOUD_SECURITY_TOKEN).
    type: str
  profile:
    description:
      - The name of a profile in C(~/.aliyun/config.json) or, if there is none of this name, of a section in
        C(~/.alibabacloud/credentials.ini).
      - In the former, the modes C(AK), C(StsToken), C(CredentialsURI), C(RamRoleArn), C(ChainableRamRoleArn), C(EcsRamRole),
        C(OIDC), C(CloudSSO), C(OAuth) and C(External) are supported.
      - The variable is E(ALIBABA_CLOUD_PROFILE).
    type: str
  credentials_uri:
    description:
      - A URL that returns temporary credentials. Plain http is accepted for loopback addresses only, and redirects are not followed.
      - The variable is E(ALIBABA_CLOUD_CREDENTIALS_URI).
    type: str
  ram_role_name:
    description:
      - The RAM role of the ECS instance that the module runs on. The instance's metadata service provides the credentials.
      - The variable is E(ALIBABA_CLOUD_ECS_METADATA).
    type: str
  assume_role_arn:
    description:
      - The role to assume with the credentials above, for example V(acs:ram::123456789012:role/ssh-operator).
      - The variable is E(ALIBABA_CLOUD_ASSUME_ROLE_ARN). (E(ALIBABA_CLOUD_ROLE_ARN) means OIDC to the SDK.)
    type: str
  role_session_name:
    description:
      - The name of the session of O(assume_role_arn) in audit logs. If not set, V(alicloud-ecs-access).
      - The variable is E(ALIBABA_CLOUD_ROLE_SESSION_NAME).
    type: str
  external_id:
    description:
      - The external id that the role to assume requires.
      - The variable is E(ALIBABA_CLOUD_EXTERNAL_ID).
    type: str
  sts_endpoint:
    description:
      - The endpoint to assume the role at, in the same forms as O(endpoint). If not set, C(sts.aliyuncs.com), or the region's own
        with O(network=vpc).
      - The variable is E(ALIBABA_CLOUD_STS_ENDPOINT).
    type: str
  endpoint:
    description:
      - The endpoint of ECS, as C(host), C(host:port) or a URL. If not set, the region's own endpoint.
      - Plain http is accepted for loopback addresses only, and redirects are not followed.
      - The variable is E(ALIBABA_CLOUD_ECS_ENDPOINT).
      - The variables E(HTTP_PROXY), E(HTTPS_PROXY) and E(NO_PROXY) are honoured; a loopback endpoint is always reached
        directly.
      - The first of E(REQUESTS_CA_BUNDLE), E(CURL_CA_BUNDLE) and E(SSL_CERT_FILE) that is set names further authorities to trust, for
        the API and for Session Manager. Behind a proxy it has to hold all that are needed.
    type: str
  network:
    description: Whether to use the region's public endpoint or the one inside a VPC.
    type: str
    choices: [public, vpc]
    default: public
  api_timeout:
    description: How many seconds to wait for one answer of the API, from 1 to 600.
    type: int
    default: 20
  api_retries:
    description:
      - How often to repeat a call after throttling, an error of the service or a broken connection, from 0 to 20. The pause
        doubles each time and is partly random.
      - A call that changes something is only repeated if doing it twice is harmless or it was certainly not carried out.
    type: int
    default: 5
  api_concurrency:
    description: How many calls may run at the same time, from 1 to 64.
    type: int
    default: 8
requirements:
  - python >= 3.9 where the module runs, usually the controller
  - alibabacloud-ecs20140526 >= 7.0.0
  - alibabacloud-tea-openapi >= 0.4.0
  - alibabacloud-credentials >= 1.0.0
"""
