# The machine's own start: an NFS server on a disk of its own, and clients that each have a network and a name.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
trap 'sync; echo o > /proc/sysrq-trigger; sleep 30' EXIT
for word in $(cat /proc/cmdline); do
    case $word in kernel=* | version=* | python=*) eval "${word%%=*}='${word#*=}'" ;; esac
done
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /mnt
mkdir /mnt/out /mnt/disk
for module in virtio_blk ext4 nfsd nfsv4 veth; do modprobe -d "$kernel" -S "$version" $module; done
mount -t 9p -o trans=virtio,version=9p2000.L out /mnt/out
exec > /mnt/out/guest.log 2>&1
mount /dev/vda /mnt/disk
mkdir -p /mnt/disk/sessions /run/netns /run/lock
chmod 0755 /mnt/disk/sessions

# The server, version 4 only.
hostname server
ip link set lo up
mount -t tmpfs tmpfs /var/lib/nfs
mkdir -p /var/lib/nfs/rpc_pipefs /var/lib/nfs/v4recovery /var/lib/nfs/nfsdcld /var/lib/nfs/sm
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
mount -t nfsd nfsd /proc/fs/nfsd
exportfs -o rw,no_root_squash,no_subtree_check,sync,fsid=0 '*:/mnt/disk'
rpc.mountd -N 2 -N 3
# Without a tracker of clients the server waits 90 seconds after its start before it gives a lock.
echo 10 > /proc/fs/nfsd/nfsv4leasetime
echo 10 > /proc/fs/nfsd/nfsv4gracetime
rpc.nfsd -N 3 4

# The clients: `one` and `two` have names of their own, `twin` that of `one`.
number=0
for client in one two twin sure; do
    number=$((number + 1))
    ip netns add $client
    ip link add v$client type veth peer name eth0 netns $client
    ip addr add 10.0.$number.1/24 dev v$client
    ip link set v$client up
    ip -n $client addr add 10.0.$number.2/24 dev eth0
    ip -n $client link set eth0 up
    ip -n $client link set lo up
    mkdir /mnt/$client
done
"$python" "$(dirname "$0")/scenario.py" /mnt/out/found.json
