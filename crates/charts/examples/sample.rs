//! t
use charts::*;
fn main() {
    let d = 86_400_000i64;
    let s = 1_772_409_600_000i64;
    let h = 3_600_000i64;
    let p = |at, e| ExposurePoint {
        at_ms: at,
        exposure_basis_points: e,
    };
    let m = |at, l: &str, k| Mark {
        at_ms: at,
        label: l.into(),
        kind: k,
    };
    let mut c = ExposureChart {
        id_prefix: "exp".into(),
        title: "Exposure of config".into(),
        description: "d".into(),
        from_ms: s,
        to_ms: s + 30 * d,
        now_ms: s + 27 * d,
        points: vec![
            p(s + 2 * d, 0),
            p(s + 5 * d, 1000),
            p(s + 9 * d, 5000),
            p(s + 11 * d, 0),
            p(s + 15 * d, 1000),
            p(s + 18 * d, 5000),
            p(s + 20 * d + h, 0),
            p(s + 21 * d, 5000),
            p(s + 24 * d, 8400),
        ],
        marks: vec![
            m(
                s + 11 * d,
                "rolled back: error rate 2.4 %",
                MarkKind::Rollback,
            ),
            m(s + 20 * d + h, "kill switch", MarkKind::KillSwitch),
            m(s + 5 * d, "10 %", MarkKind::Change),
            m(s + 24 * d, "84 %", MarkKind::Change),
            m(s + 18 * d, "50 %", MarkKind::Change),
        ],
    };
    let a = exposure(&c).unwrap();
    c.id_prefix = "b".into();
    c.points.clear();
    c.marks.clear();
    c.from_ms = s + 14 * h;
    c.to_ms = s + 38 * h;
    let b = exposure(&c).unwrap();
    let many: Vec<_> = (0..10_000i64)
        .map(|n| p(s + 14 * h + n * 8640, ((n * 7919 % 3000) + n / 2) as u16))
        .collect();
    c.id_prefix = "c".into();
    c.points = many;
    c.marks.push(m(s + 20 * h, "x", MarkKind::Change));
    let e = exposure(&c).unwrap();
    let sheets: String = ["tokens", "base", "components/chart"]
        .iter()
        .map(|f| std::fs::read_to_string(format!("style/{f}.css")).unwrap())
        .collect();
    for t in ["light", "dark"] {
        std::fs::write(format!("/tmp/chart-{t}.html"),format!("<!doctype html><html data-theme={t}><meta charset=utf-8><style>{sheets}</style><body><figure class=chart><div class=plot>{a}{b}{e}</div></figure></html>")).unwrap();
    }
    println!("{} {} {}", a.len(), b.len(), e.len());
}
