print("hello")
import json, sys, subprocess, time
t=time.time()
def sh(c):
    r=subprocess.run(c,shell=True,capture_output=True,text=True); print(c, r.returncode, r.stdout, r.stderr, time.time()-t, flush=True); return r
sh("cat /proc/fs/nfsd/versions; uname -r")
for c,h,n in (("one","one",1),("two","two",2),("twin","one",3)):
    sh(f"ip netns exec {c} unshare --uts sh -c 'hostname {h}; mount -t nfs4 -o vers=4.2,hard 10.0.{n}.1:/sessions /mnt/{c}'")
    sh(f"stat -f -c %T /mnt/{c}; grep /mnt/{c} /proc/mounts")
sh(f"{sys.argv[1]} -m baileys_cleanup demo /mnt/one/demo")
sh(f"{sys.argv[1]} -m baileys_cleanup --sessions-root /mnt/one/demo")
json.dump({}, open(sys.argv[2],"w"))
