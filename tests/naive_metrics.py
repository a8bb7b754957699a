"""Every metric once more: slow loops over the definition, by other means than `analysis.metrics` wherever there are."""

import math
import warnings
from collections.abc import Callable

import numpy as np
from scipy.stats import entropy, spearmanr
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import Lasso, LogisticRegression
from sklearn.metrics import log_loss, mutual_info_score, roc_auc_score
from sklearn.svm import LinearSVC

from tests.metric_problems import Arrays

BINS = 20


def binned(code: np.ndarray) -> np.ndarray:
    return np.asarray(np.digitize(code, np.histogram(code, BINS)[1][:-1]))


def information(data: Arrays) -> np.ndarray:
    return np.array([[mutual_info_score(binned(code), y) for y in data.factors.T] for code in data.codes.T])


def label_entropy(labels: np.ndarray) -> float:
    return float(sum(-share * math.log(share) for share in np.bincount(labels) / len(labels) if share))


def mig(data: Arrays) -> float:
    gaps = []
    for column, labels in zip(information(data).T, data.factors.T, strict=True):
        best, second, *_ = sorted(column, reverse=True)
        gaps.append((best - second) / label_entropy(labels))
    return float(sum(gaps) / len(gaps))


def mig_sup(data: Arrays) -> float:
    gaps = []
    for row, code in zip(information(data), data.codes.T, strict=True):
        best, second, *_ = sorted(row, reverse=True)
        gaps.append((best - second) / label_entropy(binned(code)))
    return float(sum(gaps) / len(gaps))


def dcimig(data: Arrays) -> float:
    credit = [0.0] * data.factors.shape[1]
    for row in information(data):
        best, second, *_ = sorted(row, reverse=True)
        factor = list(row).index(best)
        credit[factor] = max(credit[factor], best - second)
    return float(sum(credit) / sum(label_entropy(labels) for labels in data.factors.T))


def jemmig(data: Arrays) -> float:
    terms = []
    for column, labels in zip(information(data).T, data.factors.T, strict=True):
        best, second, *_ = sorted(column, reverse=True)
        code = binned(data.codes[:, list(column).index(best)])
        joint = label_entropy(code * 1000 + labels)
        terms.append(1 - (joint - best + second) / (label_entropy(labels) + math.log(BINS)))
    return float(sum(terms) / len(terms))


def modularity(data: Arrays) -> float:
    terms = []
    for row in information(data):
        best = max(row)
        others = sum(value**2 for value in row) - best**2
        terms.append(1 - others / (best**2 * (len(row) - 1)))
    return float(sum(terms) / len(terms))


def sap(data: Arrays) -> float:
    gaps = []
    for labels, labels_test in zip(data.factors.T, data.factors_test.T, strict=True):
        accuracy = []
        for code, code_test in zip(data.codes.T, data.codes_test.T, strict=True):
            machine = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-8).fit(code[:, None], labels)
            accuracy.append(machine.score(code_test[:, None], labels_test))
        best, second, *_ = sorted(accuracy, reverse=True)
        gaps.append(best - second)
    return float(sum(gaps) / len(gaps))


def sap_r2(data: Arrays) -> float:
    gaps = []
    for labels in data.factors.T:
        best, second, *_ = sorted((np.corrcoef(code, labels)[0, 1] ** 2 for code in data.codes.T), reverse=True)
        gaps.append(best - second)
    return float(sum(gaps) / len(gaps))


def explicitness(data: Arrays) -> float:
    codes, codes_test = ((block - data.codes.mean(0)) / data.codes.std(0) for block in (data.codes, data.codes_test))
    areas = []
    for labels, labels_test in zip(data.factors.T, data.factors_test.T, strict=True):
        probability = LogisticRegression().fit(codes, labels).predict_proba(codes_test)
        members = labels_test[:, None] == np.arange(probability.shape[1])
        areas.append(roc_auc_score(members, probability))
    return float(np.mean(areas))


def dci(data: Arrays) -> tuple[float, float, float]:
    trees = [ExtraTreesClassifier(20, max_features=None, min_samples_leaf=5, random_state=0) for _ in data.factors.T]
    for model, labels in zip(trees, data.factors.T, strict=True):
        model.fit(data.codes, labels)
    matrix = np.array([model.feature_importances_ for model in trees]).T
    total = matrix.sum()
    codes, factors = matrix.shape
    disentanglement = sum(row.sum() / total * (1 - entropy(row + 1e-11, base=factors)) for row in matrix)
    completeness = sum(row.sum() / total * (1 - entropy(row + 1e-11, base=codes)) for row in matrix.T)
    accuracy = [model.score(data.codes_test, labels) for model, labels in zip(trees, data.factors_test.T, strict=True)]
    return float(disentanglement), float(completeness), float(np.mean(accuracy))


def irs(data: Arrays) -> float:
    numerator = denominator = 0.0
    for code in data.codes.T:
        largest = max(abs(code - code.mean()))
        best = -np.inf
        for labels in data.factors.T:
            groups = [code[labels == value] for value in np.unique(labels)]
            deviation = np.mean([np.quantile(abs(group - group.mean()), 0.99) for group in groups])
            best = max(best, 1 - deviation / largest)
        numerator += largest * best
        denominator += largest
    return float(numerator / denominator)


def nearest_neighbour_matrix(data: Arrays) -> np.ndarray:
    columns = [mutual_info_classif(data.codes, y, n_neighbors=10, random_state=0) for y in data.factors.T]
    return np.array([column / label_entropy(y) for column, y in zip(columns, data.factors.T, strict=True)]).T


def infom(data: Arrays) -> float:
    shares = [max(row) / sum(row) for row in nearest_neighbour_matrix(data)]
    even = 1 / data.factors.shape[1]
    return float((float(np.mean(shares)) - even) / (1 - even))


def infoc(data: Arrays) -> float:
    shares = [max(column) / sum(column) for column in nearest_neighbour_matrix(data).T]
    even = 1 / data.codes.shape[1]
    return float((float(np.mean(shares)) - even) / (1 - even))


def infoe(data: Arrays) -> float:
    codes = (data.codes - data.codes.mean(0)) / data.codes.std(0)
    terms = []
    for labels in data.factors.T:
        losses = []
        for inputs in (codes, np.zeros_like(codes)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = LogisticRegression(C=np.inf, class_weight="balanced", max_iter=100).fit(inputs, labels)
            losses.append(log_loss(labels, model.predict_proba(inputs)))
        terms.append(1 - losses[0] / losses[1])
    return float(np.mean(terms))


def gaussian_total_correlation(data: Arrays) -> float:
    covariance = np.cov(data.codes.T)
    return float(np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1]) / 2


def pick(data: Arrays, factor: int, value: int, rng: np.random.Generator) -> int:
    return int(rng.choice(np.flatnonzero(data.factors[:, factor] == value)))


def beta_vae(data: Arrays, draws: int = 1500) -> float:
    rng = np.random.default_rng(1)
    fixed, features = [], []
    for _ in range(draws):
        factor = int(rng.integers(data.factors.shape[1]))
        first = rng.integers(len(data.codes), size=64)
        second = [pick(data, factor, data.factors[row, factor], rng) for row in first]
        fixed.append(factor)
        features.append(np.abs(data.codes[first] - data.codes[second]).mean(0))
    half = draws // 2
    return float(LogisticRegression().fit(features[:half], fixed[:half]).score(features[half:], fixed[half:]))


def factor_vae(data: Arrays, draws: int = 4000) -> float:
    rng = np.random.default_rng(1)
    alive = np.flatnonzero(data.codes.std(0) >= 0.05)
    votes: list[tuple[int, int]] = []
    for _ in range(draws):
        factor = int(rng.integers(data.factors.shape[1]))
        value = data.factors[rng.integers(len(data.codes)), factor]
        members = data.codes[rng.choice(np.flatnonzero(data.factors[:, factor] == value), 64)]
        votes.append((factor, int(np.argmin((members.var(0, ddof=1) / data.codes.var(0, ddof=1))[alive]))))
    half = draws // 2
    factors = range(data.factors.shape[1])
    learned = [int(np.argmax([votes[:half].count((factor, code)) for factor in factors])) for code in range(len(alive))]
    return sum(learned[code] == factor for factor, code in votes[half:]) / (draws - half)


def udr(runs: list[np.ndarray], kl: np.ndarray, method: str) -> list[float]:
    alive = [(run - run.mean(0)) / run.std(0) * (nats > 0.01) for run, nats in zip(runs, kl, strict=True)]
    scores = []
    for second, others in enumerate(alive):
        similar = []
        for first, codes in enumerate(alive):
            if first == second:
                continue
            if method == "lasso":
                matrix = np.abs(Lasso(alpha=0.1).fit(codes, others).coef_).T
            else:
                matrix = np.array(
                    [[abs(spearmanr(a, b)[0]) if a.any() and b.any() else 0 for b in others.T] for a in codes.T]
                )
            matrix = matrix[kl[first] > 0.01][:, kl[second] > 0.01]
            rows = np.mean([max(row) ** 2 / sum(row) if sum(row) else 0 for row in matrix])
            columns = np.mean([max(row) ** 2 / sum(row) if sum(row) else 0 for row in matrix.T])
            similar.append((rows + columns) / 2)
        scores.append(float(np.median(similar)))
    return scores


NAIVE: dict[str, tuple[Callable[[Arrays], float], float]] = {
    "mig": (mig, 1e-10),
    "sap": (sap, 1e-3),
    "sap_r2": (sap_r2, 1e-10),
    "dci_disentanglement": (lambda data: dci(data)[0], 1e-9),
    "dci_completeness": (lambda data: dci(data)[1], 1e-9),
    "dci_informativeness": (lambda data: dci(data)[2], 1e-9),
    "modularity": (modularity, 1e-9),
    "explicitness": (explicitness, 1e-9),
    "irs": (irs, 1e-10),
    "mig_sup": (mig_sup, 1e-10),
    "dcimig": (dcimig, 1e-10),
    "jemmig": (jemmig, 1e-10),
    "infom": (infom, 1e-6),
    "infoe": (infoe, 1e-4),
    "infoc": (infoc, 1e-6),
    "gaussian_total_correlation": (gaussian_total_correlation, 1e-10),
    "beta_vae": (beta_vae, 0.04),
    "factor_vae": (factor_vae, 0.04),
}
"""A twin of each metric of one run, and how close it must come; the last two are random draws."""
