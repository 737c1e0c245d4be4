#!/bin/sh
# Makes the sandbox's certificates, its synthetic population, and the portal export in Padan's inbox; once per size and day.
set -eu
home=/var/lib/padan
wanted="people=$PADAN_SANDBOX_PEOPLE day=$PADAN_SANDBOX_DAY"
python -m sandbox.certificates "$home/certificates" siasn jf
if [ "$(cat "$home/world/made" 2>/dev/null)" != "$wanted" ]; then
    python -m sandbox build --people "$PADAN_SANDBOX_PEOPLE" --day "$PADAN_SANDBOX_DAY" --to "$home/world"
    echo "$wanted" > "$home/world/made"
fi
cp "$home"/world/portal_export/*.csv "$home/inbox/"
