#!/bin/bash
# The conversation of dragoman translate on a terminal, typed by conversation.py. Argument: the command to test.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/word_model.sh"
trap 'rm -rf "$room"' EXIT
here=$(realpath "$(dirname "$0")")
cd "$room" || exit 1
make_folder model
make_folder other
python3 "$here/conversation.py" "$dragoman" "$room/model" "$room/other" "$room"
