# Copyright (c) 2026 The alicloud.ecs_access founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that the cloud modules share, in the form that plugins need: each names its environment variables."""


class ModuleDocFragment:
    """Same options, types, defaults and variables as the fragment of the modules; a unit test compares them."""

    DOCUMENTATION = r"""
options:
  region:
    description: The region, for example V(cn-hangzhou).
    type: str
    env:
      - name: ALIBABA_CLOUD_REGION_ID
      - name: ALIBABA_CLOUD_REGION
      - name: ALICLOUD_REGION
  access_key_id:
    description:
      - The access key of a RAM user, or of temporary credentials together with O(security_token).
      - If no option names a source of credentials, the variables of O(access_key_id), O(credentials_uri),
        O(ram_role_name) and O(profile) are checked in this order, then the default chain of the SDK (OIDC,
        C(~/.aliyun/config.json), C(~/.alibabacloud/credentials.ini), the metadata of the ECS instance it runs on).
      - Options always take precedence over the environment, and a source is used as a whole, so an access key that is set in
        the environment never overrides a O(profile) that is given as an option.
    type: str
    env:
      - name: ALIBABA_CLOUD_ACCESS_KEY_ID
      - name: ALICLOUD_ACCESS_KEY
  access_key_secret:
    description: The secret of O(access_key_id). Use the environment, a lookup or a vault instead of clear text.
    type: str
    env:
      - name: ALIBABA_CLOUD_ACCESS_KEY_SECRET
      - name: ALICLOUD_SECRET_KEY
  security_token:
    description: The third part of temporary credentials.
    type: str
    env:
      - name: ALIBABA_CLOUD_SECURITY_TOKEN
      - name: ALICLOUD_SECURITY_TOKEN
  profile:
    description:
      - The name of a profile in C(~/.aliyun/config.json) or, if there is none of this name, of a section in
        C(~/.alibabacloud/credentials.ini).
      - In the former, the modes C(AK), C(StsToken), C(CredentialsURI), C(RamRoleArn), C(ChainableRamRoleArn), C(EcsRamRole),
        C(OIDC), C(CloudSSO), C(OAuth) and C(External) are supported.
    type: str
    env:
      - name: ALIBABA_CLOUD_PROFILE
  credentials_uri:
    description: A URL that returns temporary credentials. Plain http is accepted for loopback addresses only, and redirects are not followed.
    type: str
    env:
      - name: ALIBABA_CLOUD_CREDENTIALS_URI
  ram_role_name:
    description: The RAM role of the ECS instance that Ansible runs on. The instance's metadata service provides the credentials.
    type: str
    env:
      - name: ALIBABA_CLOUD_ECS_METADATA
  assume_role_arn:
    description: The role to assume with the credentials above, for example V(acs:ram::123456789012:role/ssh-operator).
    type: str
    env:
      - name: ALIBABA_CLOUD_ASSUME_ROLE_ARN
  role_session_name:
    description: The name of the session of O(assume_role_arn) in audit logs. If not set, V(alicloud-ecs-access).
    type: str
    env:
      - name: ALIBABA_CLOUD_ROLE_SESSION_NAME
  external_id:
    description: The external id that the role to assume requires.
    type: str
    env:
      - name: ALIBABA_CLOUD_EXTERNAL_ID
  sts_endpoint:
    description:
      - The endpoint to assume the role at, in the same forms as O(endpoint). If not set, C(sts.aliyuncs.com), or the region's own
        with O(network=vpc).
    type: str
    env:
      - name: ALIBABA_CLOUD_STS_ENDPOINT
  endpoint:
    description:
      - The endpoint of ECS, as C(host), C(host:port) or a URL. If not set, the region's own endpoint.
      - Plain http is accepted for loopback addresses only, and redirects are not followed.
      - The variables E(HTTP_PROXY), E(HTTPS_PROXY) and E(NO_PROXY) are honoured; a loopback endpoint is always reached
        directly.
      - The first of E(REQUESTS_CA_BUNDLE), E(CURL_CA_BUNDLE) and E(SSL_CERT_FILE) that is set names further authorities to trust, for
        the API and for Session Manager. Behind a proxy it has to hold all that are needed.
    type: str
    env:
      - name: ALIBABA_CLOUD_ECS_ENDPOINT
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
    type: int
    default: 5
  api_concurrency:
    description: How many calls may run at the same time, from 1 to 64.
    type: int
    default: 8
requirements:
  - python >= 3.10
  - alibabacloud-ecs20140526 >= 7.0.0
  - alibabacloud-tea-openapi >= 0.4.0
  - alibabacloud-credentials >= 1.0.0
"""
