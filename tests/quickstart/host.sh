#!/bin/sh
# Becomes a host of its own, in new mount, network, UTS, IPC and PID namespaces, whose first process this is. The root is that of this
# machine below a throw-away tmpfs, so that nothing is written to this machine. All of it ends with this process, and that with
# the host's terminal, a shell that reads commands from stdin, or when its parent is killed.
#
# Usage: CGROUP_ROOT=NAME host.sh FOLDER NAME ADDRESS USER. In FOLDER are the ssh keys, and for alice the two files in "programs".
# It prints its process id, and waits for a line on stdin, which says that eth0 is there.
set -eu
folder=$1 name=$2 address=$3 user=$4

# Of the outer PID namespace, as /proc is still its.
read -r pid _ </proc/self/stat
echo "$pid"
read -r _
hostname "${name%%.*}"
ip link set lo up
ip addr add "$address/24" dev eth0
ip link set eth0 up

disk=$folder/$name
mkdir "$disk"
mount -t tmpfs -o mode=755 tmpfs "$disk"
root=$disk/root
mkdir -p "$disk/upper/usr/bin" "$disk/work" "$root"
# 0/0 is how overlayfs says that a file is not there.
for program in deno node nodejs npm npx; do mknod "$disk/upper/usr/bin/$program" c 0 0; done
mount -t overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" overlay "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mkdir -p "$root/var/lib/teleworker" "$root/etc/teleworker"
for own in root home usr/local run tmp var/cache var/lib/teleworker etc/teleworker; do
  mount -t tmpfs -o mode=755 tmpfs "$root/$own"
done
chmod 1777 "$root/tmp"
mkdir -p "$root/usr/local/bin" "$root/run/sshd" "$root/home/alice" "$root/root/.ssh"

echo "127.0.0.1 localhost
192.0.2.7 build.example.org build" >"$root/etc/hosts"
echo 'root:x:0:0::/root:/bin/bash
sshd:x:999:65534::/run/sshd:/usr/sbin/nologin
alice:x:1000:1000::/home/alice:/bin/bash' >"$root/etc/passwd"
echo 'root:*:::::::' >"$root/etc/shadow"
echo "build.example.org $(cat "$folder/host.pub")" >"$root/etc/ssh/ssh_known_hosts"
# sshd listens a moment after it was started.
echo 'ConnectionAttempts 60' >"$root/etc/ssh/ssh_config"

if [ "$user" = alice ]; then
  ids=1000:1000 home=/home/alice start=/home/alice/programs
  mkdir -m 700 "$root$home/.ssh" "$root$start"
  cp "$folder/user" "$root$home/.ssh/id_ed25519"
  chown -R "$ids" "$root$home"
  mount --bind "$folder/programs" "$root$start"
else
  ids=0:0 home=/root start=/root
  install -m 600 "$folder/host" "$root/etc/ssh/host"
  install -m 600 "$folder/user.pub" "$root/root/.ssh/authorized_keys"
  chroot "$root" "$(command -v sshd)" -f /dev/null -h /etc/ssh/host -o 'Subsystem=sftp internal-sftp' -o PidFile=none </dev/null
fi
cd /
# No exec: this process stays root, for with its user a process loses the signal that it is to get at its parent's death (prctl(2)).
chroot --userspec="$ids" --groups= "$root" /usr/bin/env -i --chdir="$start" "HOME=$home" "USER=$user" \
  PATH=/usr/local/bin:/usr/bin:/bin "TELEWORKERD_CGROUP_ROOT=$CGROUP_ROOT" bash -e 2>&1 || exit
