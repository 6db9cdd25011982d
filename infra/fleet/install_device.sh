#!/bin/sh
# Makes a bare Jetson (or another Linux machine) a CrowdLens device: users and folders, Java, Greengrass nucleus
# classic, and provisioning by claim. Run it as root on the device; docs/device.md walks through it.
#
#   sh install_device.sh --dry-run …   says what it would do, changes nothing and needs neither root nor network
#   sh install_device.sh --undo        stops and removes the nucleus; records that still wait stay where they are
#
# It may be run again: what is done already is left as it is, and the settings are those of the last run. Nothing is fetched but Debian packages: the nucleus,
# the plug-in and Amazon's root certificate are files that you have checked and brought along.
set -eu

ROOT=/greengrass/v2
STATE=/var/lib/crowdlens
SETTINGS=/etc/crowdlens
CLAIM=/etc/crowdlens/claim
WORK=/var/tmp/crowdlens-install
USER_NAME=ggc_user
GROUP_NAME=ggc_group
UNIT=/etc/systemd/system/greengrass.service
RUN=/run/crowdlens
ROOT_RUN=/run/crowdlens-root
JETSON_RELEASE=/etc/nv_tegra_release
TRTEXEC=/usr/src/tensorrt/bin/trtexec
TMPFILES=/etc/tmpfiles.d/crowdlens.conf
TOOL=/usr/local/sbin/crowdlens-device

STAGE= REGION= DATA_ENDPOINT= CREDENTIALS_ENDPOINT= SERIAL= SITE= CLAIM_CERTIFICATE= CLAIM_KEY= SOURCE_FILE= SCENE=
NUCLEUS= PLUGIN= ROOT_CA=
DRY_RUN= UNDO=

usage() {
    cat <<'TEXT'
sh install_device.sh --stage dev --region ap-northeast-2 --serial SERIAL --site SITE
    --data-endpoint XXXX-ats.iot.REGION.amazonaws.com
    --credentials-endpoint XXXX.credentials.iot.REGION.amazonaws.com
    --claim-certificate FILE --claim-key FILE
    --nucleus FILE.zip --plugin FILE.jar --root-ca FILE.pem
    [--source-file FILE] [--scene FILE] [--dry-run]
sh install_device.sh --undo [--dry-run]
TEXT
}

fail() {
    echo "install_device: $1" >&2
    exit 1
}

say() {
    echo "install_device: $1"
}

# run COMMAND ...: does it, or says it
run() {
    if [ -n "$DRY_RUN" ]; then
        echo "  would run: $*"
    else
        "$@"
    fi
}

# write FILE MODE: takes the content from standard input
write() {
    if [ -n "$DRY_RUN" ]; then
        echo "  would write: $1 ($2)"
        cat >/dev/null
        return
    fi
    # In a shell of its own: what comes after, the nucleus above all, has the system's umask.
    (umask 077 && cat >"$1.new")
    chmod "$2" "$1.new"
    chgrp "$GROUP_NAME" "$1.new"
    mv "$1.new" "$1"
}

while [ $# -gt 0 ]; do
    case "$1" in
    --dry-run) DRY_RUN=yes ;;
    --undo) UNDO=yes ;;
    --help | -h)
        usage
        exit 0
        ;;
    --*)
        [ $# -ge 2 ] || fail "$1 has no value: expected one behind it"
        case "$1" in
        --stage) STAGE=$2 ;;
        --region) REGION=$2 ;;
        --serial) SERIAL=$2 ;;
        --site) SITE=$2 ;;
        --data-endpoint) DATA_ENDPOINT=$2 ;;
        --credentials-endpoint) CREDENTIALS_ENDPOINT=$2 ;;
        --claim-certificate) CLAIM_CERTIFICATE=$2 ;;
        --claim-key) CLAIM_KEY=$2 ;;
        --nucleus) NUCLEUS=$2 ;;
        --plugin) PLUGIN=$2 ;;
        --root-ca) ROOT_CA=$2 ;;
        --source-file) SOURCE_FILE=$2 ;;
        --scene) SCENE=$2 ;;
        *) fail "$1 is no option: see --help" ;;
        esac
        shift
        ;;
    *) fail "'$1' was not expected: see --help" ;;
    esac
    shift
done

undo() {
    [ -n "$DRY_RUN" ] || [ "$(id -u)" = 0 ] || fail "this needs root: run it with sudo"
    say "stopping and removing the nucleus"
    # An installation that failed early has no service yet; the claim must go all the same.
    if [ -e "$UNIT" ]; then
        run systemctl disable --now greengrass.service || say "greengrass.service could not be stopped: going on"
    fi
    run rm -f "$UNIT" "$TMPFILES" "$TOOL"
    run systemctl daemon-reload || say "systemd could not be told: going on"
    run rm -rf "$ROOT" "$CLAIM" "$STATE/libraries" "$WORK" "$RUN" "$ROOT_RUN"
    say "kept: $STATE (records that wait in spool.db, models, scenes), $SETTINGS, user $USER_NAME and the packages"
    say "the thing and its certificate are in the cloud:"
    say "  crowdlens devices block NAME, then deactivate the certificate; see docs/device.md"
}

# matches WHAT VALUE PATTERN EXPECTED
matches() {
    # grep looks at each line for itself, so there must be one.
    [ "$(printf '%s' "$2" | wc -l)" -eq 0 ] && printf '%s' "$2" | grep -Eq "^($3)$" ||
        fail "$1 is '$2': expected $4"
}

check_arguments() {
    matches --stage "$STAGE" 'dev|prod' "dev or prod"
    matches --region "$REGION" '[a-z]{2}(-[a-z]+)+-[0-9]' "a name like ap-northeast-2"
    matches --serial "$SERIAL" '[A-Za-z0-9][A-Za-z0-9:._-]{3,63}' "4 to 64 of A-Z a-z 0-9 : . _ -"
    matches --site "$SITE" '[A-Za-z0-9][A-Za-z0-9_-]{0,63}' "1 to 64 of A-Z a-z 0-9 _ -"
    matches --data-endpoint "$DATA_ENDPOINT" '[a-z0-9-]+\.iot\.[a-z0-9-]+\.amazonaws\.com(\.cn)?' \
        "what 'aws iot describe-endpoint --endpoint-type iot:Data-ATS' prints"
    matches --credentials-endpoint "$CREDENTIALS_ENDPOINT" \
        '[a-z0-9-]+\.credentials\.iot\.[a-z0-9-]+\.amazonaws\.com(\.cn)?' \
        "what 'aws iot describe-endpoint --endpoint-type iot:CredentialProvider' prints"
    for file in "$NUCLEUS" "$PLUGIN" "$ROOT_CA" "$CLAIM_CERTIFICATE" "$CLAIM_KEY" ${SOURCE_FILE:+"$SOURCE_FILE"} ${SCENE:+"$SCENE"}; do
        [ -s "$file" ] || fail "file '$file' is missing or empty: expected one that can be read"
    done
}

check_machine() {
    [ "$(uname -s)" = Linux ] || fail "this is $(uname -s): expected Linux"
    PYTHON=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
        fail "python3 was not found: expected 3.10 (JetPack 6) or 3.12 (JetPack 7)"
    case "$PYTHON" in
    3.10 | 3.12) say "python3 is $PYTHON: expect this device in a group for Python $PYTHON" ;;
    *) fail "python3 is $PYTHON: expected 3.10 (JetPack 6, Ubuntu 22.04) or 3.12 (JetPack 7, Ubuntu 24.04)" ;;
    esac
    check_accelerator
    [ -n "$DRY_RUN" ] && return
    [ "$(id -u)" = 0 ] || fail "this needs root: run it with sudo"
    FREE=$(df -Pk /var | awk 'NR == 2 {print int($4 / 1024)}')
    [ "$FREE" -ge 3000 ] || fail "/var has $FREE MB free: expected 3000 for the libraries and the spool"
}

# A Jetson may be set up without JetPack's libraries; it counts then, but on its processor.
check_accelerator() {
    [ -e "$JETSON_RELEASE" ] || return 0
    if python3 -c 'import tensorrt' >/dev/null 2>&1 && [ -x "$TRTEXEC" ]; then
        say "TensorRT is there: model_store builds engines for this GPU"
    else
        say "this Jetson has no TensorRT for Python, or no $TRTEXEC: models would run on its processor"
        say "   expected JetPack's: sudo apt-get install nvidia-jetpack"
    fi
}

has_tools() {
    # The nucleus starts components by sudo and looks after them by ps.
    for tool in java unzip sudo ps; do
        command -v "$tool" >/dev/null 2>&1 || return 1
    done
}

install_packages() {
    say "1. Java and tools"
    if has_tools; then
        say "   are there"
    else
        run apt-get update || say "   the lists of packages are not all new: going on"
        run apt-get install --yes --no-install-recommends openjdk-17-jre-headless unzip sudo procps ||
            fail "java, unzip, sudo and ps are not all there, and apt-get could not bring them: expected its sources to be reachable"
    fi
}

make_places() {
    say "2. user $USER_NAME, $STATE, $SETTINGS and $RUN"
    getent group "$GROUP_NAME" >/dev/null 2>&1 || run groupadd --system "$GROUP_NAME"
    id "$USER_NAME" >/dev/null 2>&1 ||
        run useradd --system --no-create-home --shell /usr/sbin/nologin --gid "$GROUP_NAME" "$USER_NAME"
    # A camera at /dev/video0 and most of a Jetson's GPU belong to video, /dev/dri/renderD128 to render.
    for group in video render; do
        ! getent group "$group" >/dev/null 2>&1 || run usermod --append --groups "$group" "$USER_NAME"
    done
    run sudo -n -u "$USER_NAME" -g "$GROUP_NAME" true ||
        fail "root may not become $USER_NAME:$GROUP_NAME: expected 'root ALL=(ALL:ALL) ALL' in /etc/sudoers"
    run install -d -m 0750 -o "$USER_NAME" -g "$GROUP_NAME" "$STATE"
    run install -d -m 0750 -o root -g "$GROUP_NAME" "$SETTINGS"
    # Addresses of cameras with their passwords, a file each: root writes them, the components read them.
    run install -d -m 0750 -o root -g "$GROUP_NAME" "$SETTINGS/sources"
    # What a boot clears is made again by the system at each boot.
    run install -d -m 0755 -o root -g root /etc/tmpfiles.d
    printf 'd %s 0750 %s %s -\n' "$RUN" "$USER_NAME" "$GROUP_NAME" | write "$TMPFILES" 0644
    run install -d -m 0750 -o "$USER_NAME" -g "$GROUP_NAME" "$RUN"
    tool | write "$TOOL" 0755
    printf '%s\n' "$SITE" | write "$SETTINGS/site" 0640
    [ -z "$SOURCE_FILE" ] || write "$SETTINGS/camera-source" 0640 <"$SOURCE_FILE"
    [ -z "$SCENE" ] || write "$SETTINGS/scene.yaml" 0640 <"$SCENE"
}

# What a person runs to ask a component: its code and the libraries, with the rights of the components' user.
tool() {
    cat <<SH
#!/bin/sh
# crowdlens-device COMPONENT ARGUMENTS ...   for example: sudo crowdlens-device model_store list
# crowdlens-device selftest ARGUMENTS ...    tries the models by every way this device has
set -eu
[ \$# -ge 1 ] || { echo "crowdlens-device: expected a component, such as model_store, or selftest" >&2; exit 2; }
[ "\$(id -u)" = 0 ] || { echo "crowdlens-device: this needs root: run it with sudo" >&2; exit 2; }
component=\$1 module=edge_components.\$1
shift
[ "\$component" != selftest ] || { component=vision module=edge_components.runtime.inference.selftest; }
code=\$(ls -d "$ROOT/packages/artifacts-unarchived/com.crowdlens.$STAGE.\$component"/*/"\$component" 2>/dev/null | sort -V | tail -n 1)
[ -n "\$code" ] || { echo "crowdlens-device: \$component is not on this device (yet): expected a deployment to bring it" >&2; exit 2; }
cd /
exec sudo -n -u "$USER_NAME" -g "$GROUP_NAME" env PYTHONPATH="\$code:\$(readlink -f "$STATE/libraries/current")" python3 -m "\$module" "\$@"
SH
}

unpack_nucleus() {
    say "3. the nucleus and its plug-in for provisioning by claim"
    run install -d -m 0700 "$WORK"
    run unzip -q -o "$NUCLEUS" -d "$WORK/nucleus" ||
        fail "$NUCLEUS cannot be unpacked: expected the zip of Greengrass nucleus classic"
    run install -m 0600 "$PLUGIN" "$WORK/plugin.jar"
    # It stays when the claim goes: the nucleus checks AWS against it for ever.
    run install -d -m 0755 "$ROOT"
    run install -m 0644 "$ROOT_CA" "$ROOT/root-ca.pem"
    NUCLEUS_VERSION=unknown
    [ -n "$DRY_RUN" ] && return
    NUCLEUS_VERSION=$(java -jar "$WORK/nucleus/lib/Greengrass.jar" --version | grep -Eo '[0-9]+\.[0-9]+\.[0-9]+') ||
        fail "$NUCLEUS does not say its version: expected the zip of Greengrass nucleus classic"
    say "   nucleus $NUCLEUS_VERSION"
}

configuration() {
    cat <<YAML
services:
  aws.greengrass.Nucleus:
    version: "$NUCLEUS_VERSION"
    configuration:
      # Recipes grant topics by {iot:thingName}.
      interpolateComponentConfiguration: true
  aws.greengrass.FleetProvisioningByClaim:
    configuration:
      rootPath: "$ROOT"
      awsRegion: "$REGION"
      iotDataEndpoint: "$DATA_ENDPOINT"
      iotCredentialEndpoint: "$CREDENTIALS_ENDPOINT"
      iotRoleAlias: "crowdlens-$STAGE-device"
      provisioningTemplate: "crowdlens-$STAGE-device"
      deviceId: "crowdlens-$STAGE-claim-$SERIAL"
      claimCertificatePath: "$CLAIM/certificate.pem"
      claimCertificatePrivateKeyPath: "$CLAIM/key.pem"
      rootCaPath: "$ROOT/root-ca.pem"
      templateParameters:
        SerialNumber: "$SERIAL"
YAML
}

install_nucleus() {
    say "4. the nucleus as a service; at its first start the device provisions itself"
    run install -d -m 0700 -o root -g root "$CLAIM"
    run install -m 0600 "$CLAIM_CERTIFICATE" "$CLAIM/certificate.pem"
    run install -m 0600 "$CLAIM_KEY" "$CLAIM/key.pem"
    configuration | write "$CLAIM/nucleus.yaml" 0600
    run java "-Droot=$ROOT" -Dlog.store=FILE -jar "$WORK/nucleus/lib/Greengrass.jar" \
        --trusted-plugin "$WORK/plugin.jar" --init-config "$CLAIM/nucleus.yaml" \
        --component-default-user "$USER_NAME:$GROUP_NAME" --setup-system-service true
}

if [ -n "$UNDO" ]; then
    undo
    exit 0
fi
check_arguments
check_machine
install_packages
make_places
if [ -f "$UNIT" ] && [ -z "$DRY_RUN" ]; then
    # The claim is not brought in again: a device that is provisioned has no use for it.
    say "3. the nucleus is there: left as it is"
    say "done. Other settings count from the next start:  systemctl restart greengrass"
    exit 0
fi
unpack_nucleus
install_nucleus
say "done. Watch it come in:  tail -f $ROOT/logs/greengrass.log"
say "then remove the claim:   rm -rf $CLAIM $WORK"
