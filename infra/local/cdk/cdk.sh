#!/bin/sh
# The AWS CDK command line (`cdk`) that `sh infra/local/setup.sh cdk` installs as .tools/cdk/cdk, for example:
#
#   .tools/cdk/cdk deploy crowdlens-dev-ingest -c stage=dev
#
# It runs on the Node.js of the development environment, so nothing has to be installed on the machine, and it
# tells nobody: neither which commands are run nor whether there is a newer version.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
JSII_NODE=$("$root/.venv/bin/python" -m infra.node) || exit 2
export JSII_NODE JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1
export CDK_DISABLE_CLI_TELEMETRY=true CDK_DISABLE_VERSION_CHECK=1
exec "$JSII_NODE" "$root/.tools/cdk/node_modules/aws-cdk/bin/cdk" "$@"
