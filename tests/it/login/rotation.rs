//! A secret that is replaced while a pool works.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tenantry::{CredentialProvider, CredentialRequest, Credentials, PasswordFile};
use tokio::sync::{Mutex, RwLock};

use super::{Folder, HUSH, World};
use crate::support::erp::tenant;
use crate::support::eventually;

const ROTATIONS: usize = 6;

/// A secret as Kubernetes mounts it: a link to a link, which is replaced as a whole.
struct Mounted {
    folder: Folder,
    world: World,
    versions: Mutex<usize>,
    /// Whoever reads sees a rotation as one step, of the role and of the file.
    steps: RwLock<()>,
    /// Whether the next one who has read is to be overtaken by a rotation.
    is_armed: AtomicBool,
    asked_again: AtomicUsize,
}

impl Mounted {
    async fn new() -> Self {
        let (folder, world) = (Folder::new(), World::new().await);
        symlink("..data/password", folder.path().join("password")).unwrap();
        let mounted = Self {
            folder,
            world,
            versions: Mutex::default(),
            steps: RwLock::default(),
            is_armed: AtomicBool::default(),
            asked_again: AtomicUsize::default(),
        };
        mounted.rotate().await;
        mounted
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    async fn rotate(&self) {
        let mut version = self.versions.lock().await;
        let _step = self.steps.write().await;
        *version += 1;
        let (data, password) = (format!("..{version}"), format!("{HUSH}-{version}"));
        self.world.set_password(&password).await;
        let folder = self.folder.path();
        fs::create_dir(folder.join(&data)).unwrap();
        fs::write(folder.join(&data).join("password"), format!("{password}\n")).unwrap();
        symlink(&data, folder.join("..new")).unwrap();
        fs::rename(folder.join("..new"), folder.join("..data")).unwrap();
    }

    async fn answer(
        &self,
        request: CredentialRequest,
    ) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        let is_repeated = request.is_repeated();
        let step = self.steps.read().await;
        let credentials = PasswordFile::new(self.file()).credentials(request).await?;
        drop(step);
        if is_repeated {
            self.asked_again.fetch_add(1, Ordering::Relaxed);
        } else if self.is_armed.swap(false, Ordering::Relaxed) {
            self.rotate().await;
        }
        Ok(credentials)
    }
}

#[tokio::test]
async fn a_password_that_is_rotated_under_load_costs_no_error() {
    let mounted = Arc::new(Mounted::new().await);
    let provider = {
        let mounted = Arc::clone(&mounted);
        move |request: CredentialRequest| {
            let mounted = Arc::clone(&mounted);
            async move { mounted.answer(request).await }
        }
    };
    // One place, so that no second rotation falls into an opening that has been asked for again already.
    let builder = mounted.world.builder().max_size(1).credentials(provider);
    let limit = Duration::from_secs(30);
    let pool = builder.connect_timeout(limit).wait_timeout(limit).build().await.unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let (pool, is_over) = (pool.clone(), Arc::clone(&is_over));
            tokio::spawn(async move {
                let mut count = 0_usize;
                while !is_over.load(Ordering::Relaxed) {
                    pool.tenant(tenant(n)).query("select id from erp.account", &[]).await?;
                    count += 1;
                }
                Ok::<usize, tenantry::Error>(count)
            })
        })
        .collect();
    for rotation in 1..=ROTATIONS {
        mounted.is_armed.store(true, Ordering::Relaxed);
        pool.refresh();
        eventually("a connection is opened at the second asking", async || {
            mounted.asked_again.load(Ordering::Relaxed) >= rotation
        })
        .await;
    }
    is_over.store(true, Ordering::Relaxed);
    for task in tasks {
        let done = task.await.unwrap().unwrap();
        assert!(done > 0, "a task did nothing");
    }
    pool.close().await;
    mounted.world.end().await;
}
