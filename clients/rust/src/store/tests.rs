use super::*;
use crate::stream::take;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a stream or a poll may bring, in any order.
#[derive(Clone, Debug)]
enum Brought {
    Snapshot {
        epoch: u8,
        revision: u64,
        share: u16,
    },
    Change {
        epoch: u8,
        previous: u64,
        revision: u64,
        share: u16,
    },
    Heartbeat {
        epoch: u8,
        revision: u64,
    },
    /// A valid snapshot with one byte replaced.
    Damaged {
        epoch: u8,
        revision: u64,
        at: prop::sample::Index,
        byte: u8,
    },
    Garbage {
        name: String,
        data: String,
    },
}

fn brought() -> impl Strategy<Value = Brought> {
    let (epoch, revision, share) = (0..3_u8, 0..12_u64, 1..=9_999_u16);
    prop_oneof![
        3 => (epoch.clone(), revision.clone(), share.clone())
            .prop_map(|(epoch, revision, share)| Brought::Snapshot { epoch, revision, share }),
        3 => (epoch.clone(), revision.clone(), 0..3_u64, share).prop_map(|(epoch, previous, step, share)| {
            Brought::Change { epoch, previous, revision: previous + step, share }
        }),
        1 => (epoch.clone(), revision.clone())
            .prop_map(|(epoch, revision)| Brought::Heartbeat { epoch, revision }),
        1 => (epoch, revision, any::<prop::sample::Index>(), any::<u8>())
            .prop_map(|(epoch, revision, at, byte)| Brought::Damaged { epoch, revision, at, byte }),
        1 => ("snapshot|change|heartbeat|x", ".{0,40}")
            .prop_map(|(name, data)| Brought::Garbage { name, data }),
    ]
}

fn wire(epoch: u8, revision: u64, share: u16) -> Value {
    json!({
        "format": 1, "migration": "arche", "environment": "production", "epoch": format!("e{epoch}"),
        "revision": revision, "killSwitch": false,
        "flags": [{"key": "memory", "mode": "gradual_rollout", "exposure": share, "retired": false}],
    })
}

/// What the contract says is in force, kept in the plainest way: epoch, revision, share.
type Known = Option<(String, u64, u16)>;

fn expected(known: &Known, brought: &Brought) -> Known {
    let newer = |epoch: u8, revision: u64, share: u16| {
        let epoch = format!("e{epoch}");
        let is_lower = matches!(known, Some((in_force, number, _)) if *in_force == epoch && revision <= *number);
        if is_lower {
            known.clone()
        } else {
            Some((epoch, revision, share))
        }
    };
    match *brought {
        Brought::Snapshot {
            epoch,
            revision,
            share,
        } => newer(epoch, revision, share),
        Brought::Change {
            epoch,
            previous,
            revision,
            share,
        } => match known {
            Some((in_force, number, _))
                if *in_force == format!("e{epoch}")
                    && *number == previous
                    && revision > previous =>
            {
                newer(epoch, revision, share)
            }
            _ => known.clone(),
        },
        // Damage may leave a valid snapshot, which then counts; that is asked of the reader of snapshots.
        Brought::Damaged {
            epoch,
            revision,
            at,
            byte,
        } => match Snapshot::from_json(&damaged(epoch, revision, at, byte)) {
            Ok(read)
                if read.migration.as_str() == "arche"
                    && read.environment.as_str() == "production" =>
            {
                let share = share_of(&read);
                let lower = matches!(known, Some((epoch, number, _))
                        if *epoch == read.revision.epoch.as_str() && read.revision.number <= *number);
                if lower {
                    known.clone()
                } else {
                    Some((read.revision.epoch.to_string(), read.revision.number, share))
                }
            }
            _ => known.clone(),
        },
        Brought::Heartbeat { .. } | Brought::Garbage { .. } => known.clone(),
    }
}

/// Of the one module that is sent; damage may have given it another name.
fn share_of(snapshot: &Snapshot) -> u16 {
    let sent = |flag: &&flags::Flag| flag.module.as_str() == "memory";
    let flag = snapshot.flags.iter().find(sent);
    flag.map_or(0, |flag| flag.state.exposure().basis_points())
}

fn damaged(epoch: u8, revision: u64, at: prop::sample::Index, byte: u8) -> Vec<u8> {
    let mut bytes = wire(epoch, revision, 77).to_string().into_bytes();
    let at = at.index(bytes.len());
    // An event's data is text: what is not stays replaced by a sign for that.
    bytes[at] = byte & 0x7f;
    bytes
}

fn bring(store: &Store, brought: &Brought) {
    match *brought {
        Brought::Snapshot {
            epoch,
            revision,
            share,
        } => {
            take(store, "snapshot", &wire(epoch, revision, share).to_string());
        }
        Brought::Change {
            epoch,
            previous,
            revision,
            share,
        } => {
            let mut change = wire(epoch, revision, share);
            change["previous"] = previous.into();
            change["removed"] = json!([]);
            take(store, "change", &change.to_string());
        }
        Brought::Heartbeat { epoch, revision } => {
            let data = json!({"epoch": format!("e{epoch}"), "revision": revision, "time": 0});
            take(store, "heartbeat", &data.to_string());
        }
        Brought::Damaged {
            epoch,
            revision,
            at,
            byte,
        } => {
            let bytes = damaged(epoch, revision, at, byte);
            take(store, "snapshot", std::str::from_utf8(&bytes).unwrap());
        }
        Brought::Garbage { ref name, ref data } => take(store, name, data),
    }
}

fn in_force(store: &Store) -> Known {
    let current = store.load();
    current.as_ref().map(|current| {
        let snapshot = current.flags.snapshot();
        let share = share_of(snapshot);
        (
            snapshot.revision.epoch.to_string(),
            snapshot.revision.number,
            share,
        )
    })
}

fn behind(store: &Store) -> bool {
    store.subscribe().borrow().behind
}

proptest! {
    #[test]
    fn whatever_comes_the_last_valid_state_is_in_force(all in proptest::collection::vec(brought(), 0..40)) {
        let store = Store::new(None, None, Duration::from_secs(30));
        // A damaged snapshot may name another migration before any is known; one is known from the start here.
        bring(&store, &Brought::Snapshot { epoch: 0, revision: 0, share: 1 });
        let mut known = Some(("e0".to_owned(), 0, 1));
        for one in &all {
            store.set_behind(false);
            bring(&store, one);
            let wanted = expected(&known, one);
            let now = in_force(&store);
            if let (Some((epoch, number, _)), Some((now_epoch, now_number, _))) = (&known, &now) {
                prop_assert!(epoch != now_epoch || now_number >= number, "{one:?} went back");
            }
            prop_assert_eq!(&now, &wanted, "{:?} on {:?}", one, known);
            // A heartbeat ahead of what is in force, or a change that does not fit, asks for everything.
            if let Brought::Heartbeat { epoch, revision } = one {
                let (in_force, number, _) = now.clone().unwrap();
                prop_assert_eq!(behind(&store), in_force != format!("e{epoch}") || number < *revision);
            }
            known = wanted;
        }
    }
}

#[test]
fn the_disk_never_goes_before_the_server() {
    let store = Store::new(None, None, Duration::from_secs(30));
    let snapshot =
        |revision| Snapshot::from_json(wire(0, revision, 1).to_string().as_bytes()).unwrap();
    assert_eq!(store.offer(snapshot(5), Source::Disk), Ok(Offer::Applied));
    assert_eq!(store.confirmed(), None);
    assert!(store.offer(snapshot(4), Source::Network).is_err());
    assert_eq!(
        store.offer(snapshot(5), Source::Network),
        Ok(Offer::Applied)
    );
    assert_eq!(
        store.offer(snapshot(5), Source::Network),
        Ok(Offer::Unchanged)
    );
    assert_eq!(store.confirmed().unwrap().0.number, 5);
}
