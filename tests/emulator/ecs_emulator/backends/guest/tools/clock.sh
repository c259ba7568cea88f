# Puts this instance's clock ahead for whoever asks date or Python's time.time(): the clock itself is the machine's.
# Copyright (c) 2026 The alicloud.ecs_access founders
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
file=/usr/local/share/aliyun-assist/cloud/clock_offset
[ -e "$file" ] || exit 0
if [ "$(cat "$file")" = 0 ] && [ ! -e /usr/local/bin/date ]; then exit 0; fi

cat > /usr/local/bin/date <<'SCRIPT'
#!/bin/sh
for word in "$@"; do
  case $word in -d* | --date* | -r* | --reference* | -s* | --set* | -f* | --file*) exec /usr/bin/date "$@" ;; esac
done
offset=$(cut -d. -f1 /usr/local/share/aliyun-assist/cloud/clock_offset)
exec /usr/bin/date -d "@$(($(/usr/bin/date +%s) + offset))" "$@"
SCRIPT
chmod 0755 /usr/local/bin/date

for python in /usr/bin/python3 /usr/libexec/platform-python; do
  [ -x "$python" ] || continue
  site=$("$python" -c 'import site; print(site.getsitepackages()[-1])')
  mkdir -p "$site"
  echo 'import ecs_access_clock' > "$site/ecs_access_clock.pth"
  cat > "$site/ecs_access_clock.py" <<'SCRIPT'
import time

try:
    with open("/usr/local/share/aliyun-assist/cloud/clock_offset") as _stream:
        _offset = float(_stream.read())
except (OSError, ValueError):
    _offset = 0.0
if _offset:
    time.time = lambda _real=time.time: _real() + _offset
SCRIPT
done
